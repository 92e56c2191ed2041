// Verifies delivery {{delivery}} from {{title}}, with {{packages}}:
//
//	hookglass show {{delivery}} --body | {{variable}}='…' go run verify.go
//
// Exits with 0 if the signature is right, and with 1 if it is not.{{notes}}
package main

import (
{{imports}}
)

func setting(name string) string {
	value := os.Getenv(name)
	if value == "" {
		stop(name + " is not set")
	}
	return value
}

func stop(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(2)
}

{{entries}}
func main() {
	// Verify the raw bytes: JSON that is parsed and serialized again has another signature.
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		stop(err.Error())
	}
	secret := setting({{setting}})
	{{key}}
{{values}}
	verified := false
	for _, value := range received {
		content := bytes.Join([][]byte{{{content}}}, nil)
		{{digest}}
		for _, entry := range entries(value) {
			verified = verified || hmac.Equal([]byte(entry), []byte(digest))
		}
	}
	if !verified {
		fmt.Println("not verified")
		os.Exit(1)
	}
	fmt.Println("verified")
}
