# frozen_string_literal: true

require "open3"
require "tmpdir"

RSpec.describe "bin/support" do
  root = File.expand_path("../../..", __dir__)

  around { |example| Dir.mktmpdir("a kino") { |dir| (@dir = File.realpath(dir)) && example.run } }

  # Runs code in a script, in the directory "app", for a new checkout in "checkout".
  define_method(:bash) do |code|
    %w[app checkout].each { |name| Dir.mkdir("#{@dir}/#{name}") }
    File.symlink("#{root}/bin", "#{@dir}/checkout/bin")
    script = <<~SH
      KINO_ROOT=$1/checkout KINO_QUIET=1
      . "$KINO_ROOT/bin/support/setup.sh"
      KINO_RUBY_VERSION=9.0.1 KINO_RUBY_ID=9.0.1-test KINO_RUBY_EXE=/none/ruby KINO_RUSTC=rustc
      #{code}
    SH
    output, status = Open3.capture2e({ "XDG_CACHE_HOME" => "#{@dir}/cache" }, "bash", "-c", script, "bash", @dir,
                                     chdir: "#{@dir}/app")
    expect(status).to be_success, output
    output
  end

  it "compiles the extension in the checkout, and starts Kino in the user's directory" do
    output = bash(<<~SH)
      ruby_bundle() {
        pwd >"$KINO_ROOT/compiled-in"
        mkdir -p lib/kino/9.0 && touch lib/kino/9.0/kino.so
      }
      setup_extension 2>/dev/null
      pwd
    SH
    expect(File.read("#{@dir}/checkout/compiled-in")).to eq("#{@dir}/checkout\n")
    expect(output).to eq("#{@dir}/app\n")
  end

  it "changes the directory in subshells only" do
    lines = Dir["#{root}/bin/{kino,setup,test}", "#{root}/bin/support/*.sh"].flat_map { |file| File.readlines(file) }
    strays = lines.grep(/(?<![\w.-])(?:cd|pushd)\s/).grep_v(/\(\s*cd /).grep_v(/\A\s*#/)
    # The bodies of these two functions are subshells.
    expect(strays.map(&:strip)).to eq(['cd "$KINO_ROOT" || exit 1', 'cd "$build" || exit 1'])
  end
end
