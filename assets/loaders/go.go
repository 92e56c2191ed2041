// Written by `hookglass export --with go`. Run with `go test`.
//
// loadFixtures is for your own tests: send each request to your handler, with the test key as its
// secret.
package fixtures

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Providers that sign only the body: HMAC-SHA256 as lowercase hex.
var plain = []string{{{plain}}}

type fixture struct {
	Schema   string `json:"schema"`
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Request  struct {
		Method     string      `json:"method"`
		Target     string      `json:"target"`
		Headers    [][2]string `json:"headers"`
		Body       *string     `json:"body"`
		BodyBase64 *string     `json:"body_base64"`
	} `json:"request"`
	Signature struct {
		Headers []string `json:"headers"`
		TestKey *string  `json:"test_key"`
		Verdict string   `json:"verdict"`
	} `json:"signature"`
}

func (f fixture) body() ([]byte, error) {
	if f.Request.BodyBase64 != nil {
		return base64.StdEncoding.DecodeString(*f.Request.BodyBase64)
	}
	if f.Request.Body != nil {
		return []byte(*f.Request.Body), nil
	}
	return nil, nil
}

func (f fixture) header(wanted string) string {
	for _, pair := range f.Request.Headers {
		if strings.EqualFold(pair[0], wanted) {
			return pair[1]
		}
	}
	return ""
}

func loadFixtures() ([]fixture, error) {
	paths, err := filepath.Glob("*.json")
	if err != nil {
		return nil, err
	}
	var found []fixture
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var one fixture
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, err
		}
		if one.Schema == "hookglass.fixture/1" {
			found = append(found, one)
		}
	}
	return found, nil
}

func TestFixturesAreWholeAndHaveTheSignatureThatTheySay(t *testing.T) {
	all, err := loadFixtures()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d fixtures: %v", len(all), err)
	}
	for _, one := range all {
		t.Run(one.Name, func(t *testing.T) {
			body, err := one.body()
			if err != nil {
				t.Fatal(err)
			}
			if length := one.header("content-length"); length != "" && length != strconv.Itoa(len(body)) {
				t.Errorf("%d bytes, declared are %s", len(body), length)
			}
			for _, provider := range plain {
				if provider != one.Provider || one.Signature.TestKey == nil {
					continue
				}
				mac := hmac.New(sha256.New, []byte(*one.Signature.TestKey))
				mac.Write(body)
				due := hex.EncodeToString(mac.Sum(nil))
				signed := strings.HasSuffix(one.header(one.Signature.Headers[0]), due)
				if signed != (one.Signature.Verdict == "verified") {
					t.Errorf("signed: %t, verdict: %s", signed, one.Signature.Verdict)
				}
			}
		})
	}
}
