# Homebrew formula. The release workflow fills in the @NAMES@ and attaches the result to the release.
class Hookglass < Formula
  desc "Inspect, verify, and replay webhooks from the terminal"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/hookglass-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_MACOS_ARM@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/hookglass-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_MACOS_INTEL@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/hookglass-@VERSION@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256_LINUX_ARM@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/hookglass-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256_LINUX_INTEL@"
    end
  end

  def install
    bin.install "hookglass"
    man1.install "hookglass.1"
    bash_completion.install "completions/hookglass.bash" => "hookglass"
    zsh_completion.install "completions/hookglass.zsh" => "_hookglass"
    fish_completion.install "completions/hookglass.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/hookglass --version")
  end
end
