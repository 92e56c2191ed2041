# Verifies delivery {{delivery}} from {{title}}, with the standard library of Ruby alone:
#
#   hookglass show {{delivery}} --body | {{variable}}='…' ruby verify.rb
#
# Exits with 0 if the signature is right, and with 1 if it is not.{{notes}}
require "openssl"

def setting(name)
  return ENV[name] unless ENV[name].to_s.empty?

  warn "#{name} is not set"
  exit 2
end

# Verify the raw bytes: JSON that is parsed and serialized again has another signature.
body = $stdin.binmode.read
secret = setting({{setting}})
key = {{key}}
{{values}}
{{entries}}
content = ->(value) { [{{content}}].map(&:b).join }
digest = ->(value) { {{digest}} }

verified = received.any? do |value|
  entries.(value).any? { |entry| OpenSSL.secure_compare(entry, digest.(value)) }
end
puts verified ? "verified" : "not verified"
exit(verified ? 0 : 1)
