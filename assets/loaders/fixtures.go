// Written by `hookglass export --with go`.

// The fixtures are for your own tests: send each request of {{Load}} to your handler, with the test key as
// its secret.

package {{package}}

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"
)

//go:embed {{glob}}
var {{files}} embed.FS

// {{Fixture}} is a delivery as its file contains it.
type {{Fixture}} struct {
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

// Body returns the exact bytes of the body.
func (f {{Fixture}}) Body() ([]byte, error) {
	if f.Request.BodyBase64 != nil {
		return base64.StdEncoding.DecodeString(*f.Request.BodyBase64)
	}
	if f.Request.Body != nil {
		return []byte(*f.Request.Body), nil
	}
	return nil, nil
}

// Header returns a header by its name in any case; empty if there is none.
func (f {{Fixture}}) Header(wanted string) string {
	for _, pair := range f.Request.Headers {
		if strings.EqualFold(pair[0], wanted) {
			return pair[1]
		}
	}
	return ""
}

// {{Load}} returns every fixture in this folder, by name.
func {{Load}}() ([]{{Fixture}}, error) {
	paths, err := {{files}}.ReadDir("{{folder}}")
	if err != nil {
		return nil, err
	}
	var found []{{Fixture}}
	for _, entry := range paths {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		text, err := {{files}}.ReadFile(path.Join("{{folder}}", entry.Name()))
		if err != nil {
			return nil, err
		}
		var one {{Fixture}}
		// Another JSON file may be here, too.
		if json.Unmarshal(text, &one) == nil && one.Schema == "hookglass.fixture/1" {
			found = append(found, one)
		}
	}
	return found, nil
}
