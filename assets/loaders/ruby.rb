# Written by `hookglass export --with ruby`. Run with `{{command}}`.
require_relative "fixtures"

RSpec.describe Fixtures do
  it("has some") { expect(Fixtures.all).not_to be_empty }

  Fixtures.all.each do |fixture|
    it "#{fixture.name} is whole and has the signature that it says" do
      length = fixture.header("content-length")
      expect(fixture.body.bytesize).to eq(length.to_i) if length
      if Fixtures::PLAIN.include?(fixture.provider) && fixture.test_key
        expect(fixture.signed?).to eq(fixture.verdict == "verified")
      end
    end
  end
end
