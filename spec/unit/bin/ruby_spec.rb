# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "tmpdir"

RSpec.describe "bin/support/ruby.sh" do
  root = File.expand_path("../../..", __dir__)

  # The id that bin/setup gives this Ruby in that environment.
  define_method(:id) do |exe = RbConfig.ruby, **env|
    script = 'KINO_ROOT=$1; . "$1/bin/support/setup.sh"; use_ruby "$2" "" && printf %s "$KINO_RUBY_ID"'
    output, status = Open3.capture2(env.transform_keys(&:to_s), "bash", "-c", script, "bash", root, exe)
    expect(status).to be_success
    output
  end

  it "identifies a Ruby however it is started" do
    plain = id(RUBY_YJIT_ENABLE: nil, RUBYOPT: nil)
    expect(plain).to match(/\A#{Regexp.escape(RUBY_VERSION)}-\h{8}\z/)
    [{ RUBY_YJIT_ENABLE: "1" }, { RUBY_ZJIT_ENABLE: "1" }, { RUBYOPT: "--yjit" }, { RUBYOPT: "--parser=parse.y" },
     { RUBYOPT: "-W0 --disable=did_you_mean" }].each { |env| expect(id(**env)).to eq(plain) }
  end

  it "distinguishes two builds in one place" do
    Dir.mktmpdir do |dir|
      ids = %w[abc def abc].map { |revision| id(fake("#{dir}/ruby", revision)) }
      expect(ids).to match([/\A9\.0\.0-\h{8}\z/, /\A9\.0\.0-\h{8}\z/, ids.first])
      expect(ids.uniq.size).to eq(2)
    end
  end

  # A fake Ruby that reports another build.
  def fake(path, revision)
    File.write(path, <<~SH)
      #!/bin/sh
      printf 'ruby\\t9.0.0\\ttrue\\t%s\\t0 2030-01-01 #{revision} x86_64-linux\\n' "$0"
    SH
    FileUtils.chmod(0o755, path)
    path
  end
end
