// Written by `hookglass export --with go`. Run with `{{command}}`.

package {{package}}

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
)

// Providers that sign only the body: HMAC-SHA256 as lowercase hex.
var {{plain_names}} = []string{{{plain}}}

func Test{{prefix}}FixturesAreWholeAndHaveTheSignatureThatTheySay(t *testing.T) {
	all, err := {{Load}}()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d fixtures: %v", len(all), err)
	}
	for _, one := range all {
		t.Run(one.Name, func(t *testing.T) {
			body, err := one.Body()
			if err != nil {
				t.Fatal(err)
			}
			if length := one.Header("content-length"); length != "" && length != strconv.Itoa(len(body)) {
				t.Errorf("%d bytes, declared are %s", len(body), length)
			}
			for _, provider := range {{plain_names}} {
				if provider != one.Provider || one.Signature.TestKey == nil {
					continue
				}
				mac := hmac.New(sha256.New, []byte(*one.Signature.TestKey))
				mac.Write(body)
				due := hex.EncodeToString(mac.Sum(nil))
				signed := strings.HasSuffix(one.Header(one.Signature.Headers[0]), due)
				if signed != (one.Signature.Verdict == "verified") {
					t.Errorf("signed: %t, verdict: %s", signed, one.Signature.Verdict)
				}
			}
		})
	}
}
