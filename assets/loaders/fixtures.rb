# Written by `hookglass export --with ruby`: the fixtures in this folder, for your own specs. Send each
# request of `Fixtures.all` to your handler, with its test key as the secret.
require "json"
require "openssl"

module Fixtures
  # Providers that sign only the body: HMAC-SHA256 as lowercase hex.
  PLAIN = [{{plain}}].freeze

  Fixture = Struct.new(:content) do
    def name = content["name"]
    def provider = content["provider"]
    def test_key = content["signature"]["test_key"]
    def verdict = content["signature"]["verdict"]

    def body
      request = content["request"]
      request["body_base64"] ? request["body_base64"].unpack1("m") : request["body"].b
    end

    def header(wanted)
      content["request"]["headers"].find { |name, _| name.casecmp?(wanted) }&.last
    end

    def signed?
      due = OpenSSL::HMAC.hexdigest("SHA256", test_key, body)
      header(content["signature"]["headers"].first).to_s.end_with?(due)
    end
  end

  def self.all
    contents = Dir[File.join(__dir__, "*.json")].sort.map { |path| JSON.parse(File.read(path, encoding: "UTF-8")) }
    contents.select { |content| content.is_a?(Hash) && content["schema"] == "hookglass.fixture/1" }.map { |content| Fixture.new(content) }
  end
end
