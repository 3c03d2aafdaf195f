# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tmpdir"

RSpec.describe "rake generate:check" do
  let(:root) { File.expand_path("../../..", __dir__) }

  # Rake with nothing but the tasks in question, in a folder that has a copy of the outcome.
  def check
    Dir.mktmpdir do |directory|
      %w[doc/configuration.md doc/puma.md doc/ractors.md ext/kino/src/ruby/directives.rs sig/kino/config/dsl.rbs]
        .each do |path|
          FileUtils.mkdir_p("#{directory}/#{File.dirname(path)}")
          FileUtils.cp("#{root}/#{path}", "#{directory}/#{path}")
        end
      yield directory if block_given?
      Open3.capture3(RbConfig.ruby, "-S", "rake", "-f", "#{root}/rakelib/generate.rake", "generate:check",
                     chdir: directory)
    end
  end

  it "finds all as it would be made" do
    out, err, status = check
    expect([out, err, status.exitstatus]).to eq(["5 files are what comes of their sources\n", "", 0])
  end

  it "names for each file that is not what it is made from" do
    _, err, status = check do |directory|
      File.write("#{directory}/doc/ractors.md", "stale")
      File.delete("#{directory}/doc/puma.md")
    end
    expect(err).to eq("doc/puma.md is not what comes of lib/kino/config/puma_file/table.rb and " \
                      "rakelib/generate/moving.rb\ndoc/ractors.md is not what comes of lib/kino/check/causes.rb and " \
                      "rakelib/generate/findings.rb and spec/support/frameworks/*.rb\nrun rake generate\n")
    expect(status.exitstatus).to eq(1)
  end

  it "makes files whose first line says the same" do
    { "doc/ractors.md" => "lib/kino/check/causes.rb and rakelib/generate/findings.rb and spec/support/frameworks/*.rb",
      "sig/kino/config/dsl.rbs" => "lib/kino/config/directives.rb" }.each do |path, sources|
      expect(File.open("#{root}/#{path}", &:readline)).to include("Made by `rake generate` from #{sources}: change")
    end
  end
end
