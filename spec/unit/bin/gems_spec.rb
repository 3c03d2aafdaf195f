# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "tmpdir"

RSpec.describe "bin/support/gems.sh" do
  root = File.expand_path("../../..", __dir__)

  around { |example| Dir.mktmpdir("kino") { |dir| (@dir = File.realpath(dir)) && example.run } }

  def write(path, text)
    FileUtils.mkdir_p(File.dirname("#{@dir}/#{path}"))
    File.write("#{@dir}/#{path}", text)
  end

  def gemspec(name, version = "1.0", needs: [])
    "Gem::Specification.new { |s| s.name = #{name.inspect}; s.version = #{version.inspect}; s.authors = %w[a]; " \
      "s.summary = 'a gem'; #{needs.map { |need| "s.add_dependency(#{need.inspect});" }.join} }\n"
  end

  # Installs gems where RubyGems does not answer and nothing can be downloaded, except for what the stubs say.
  define_method(:install_gems) do |stubs|
    FileUtils.mkdir_p("#{@dir}/checkout")
    File.symlink("#{root}/bin", "#{@dir}/checkout/bin")
    script = <<~SH
      KINO_ROOT=$1/checkout
      . "$KINO_ROOT/bin/support/setup.sh"
      KINO_RUBY_VERSION=9.0.1 KINO_RUBY_ID=9.0.1-test KINO_RUBY_EXE=/none/ruby KINO_STATE=$1/state GEM_HOME=$1/gems
      BUNDLE_GEMFILE=$1/checkout/Gemfile
      gem_folder_of_ruby() { echo /none/gems; }
      ruby_bundle() { false; }
      rubygems_answers() { false; }
      have_apt() { true; }
      need_debian_keyring() { :; }
      need_nokogiri_packages() { :; }
      papt_setup() { :; }
      papt_get() { :; }
      apt-cache() { :; }
      papt_source_versions() { :; }
      papt_source_series() { echo 9.0; }
      papt_download_source() { false; }
      dpkg-deb() { :; }
      debian_gems() { if [ "$1" = missing ]; then echo logger; fi; }
      #{stubs}
      install_gems
    SH
    Open3.capture2e({ "XDG_CACHE_HOME" => "#{@dir}/cache" }, "bash", "-c", script, "bash", @dir)
  end

  define_method(:debian_gems) do |*arguments, **env|
    gems = { "GEM_HOME" => "#{@dir}/gems", "GEM_PATH" => "#{@dir}/gems", "RUBYOPT" => nil, "BUNDLER_SETUP" => nil,
             "BUNDLE_GEMFILE" => nil }
    Open3.capture2e(gems.merge(env.transform_keys(&:to_s)), RbConfig.ruby, "#{root}/bin/support/debian_gems.rb",
                    *arguments)
  end

  it "names a gem that is nowhere, where it was looked for, and what to do" do
    output, status = install_gems("")
    expect(status.exitstatus).to eq(1)
    expect(output).to match(/^kino: error: .* logger /)
    expect(output).to include("/none/gems", "ruby-logger", "ruby9.0", "/none/ruby -S gem install logger", "KINO_RUBY")
    expect(output).not_to include("Check the network")
  end

  it "names a gem of which there is only a version that does not fit" do
    output, status = install_gems("papt_source_versions() { echo 0.1; }\nunpack_source() { :; }\n")
    expect(status.exitstatus).to eq(1)
    expect(output).to match(/^kino: error: .* logger /)
  end

  it "names a package that Debian no longer has" do
    output, status = install_gems(<<~SH)
      papt_get() { echo "E: Unable to locate package ruby-roda"; false; }
      apt-cache() {
        # Like apt, which is silent about it with -q.
        case " $* " in *" -q=0 "*) echo "N: Unable to locate package ruby-roda" >&2 ;; esac
        return 100
      }
    SH
    expect(status.exitstatus).to eq(1)
    expect(output).to match(/^kino: error: Debian has no package ruby-roda/)
  end

  it "asks for the network where it is the lists that cannot be downloaded" do
    output, status = install_gems(<<~SH)
      papt_setup() { false; }
      apt-cache() { echo "N: Unable to locate package ruby-rack" >&2; }
    SH
    expect(status.exitstatus).to eq(1)
    expect(output).to include("Check the network")
  end

  it "misses what the Gemfile and its gemspec need, and what those need in turn" do
    write("checkout/own.gemspec", gemspec("own", needs: %w[absent-runtime]))
    write("checkout/Gemfile", "source 'https://rubygems.org'\ngemspec\ngem 'here'\ngem 'absent-tool', '>= 2'\n")
    write("gems/specifications/here-1.0.gemspec", gemspec("here", needs: %w[absent-library json]))
    output, status = debian_gems("missing", "#{@dir}/gems", "#{@dir}/checkout/Gemfile", GEM_PATH: nil)
    expect(status).to be_success, output
    expect(output.split).to eq(%w[absent-library absent-runtime absent-tool])
  end

  it "takes a gem that comes with Ruby from Ruby's source, wherever its specification is there" do
    { "inside" => "gems/inside-1.0/inside.gemspec", "apart" => "specifications/apart-1.0.gemspec" }.each do |name, path|
      write("ruby/.bundle/gems/#{name}-1.0/lib/#{name}.rb", "")
      write("ruby/.bundle/#{path}", gemspec(name))
      output, status = debian_gems("extract", name, "#{@dir}/ruby", "#{@dir}/gems")
      expect(status).to be_success, output
      expect(Dir.children("#{@dir}/gems/specifications")).to include("#{name}-1.0.gemspec")
      expect(File.exist?("#{@dir}/gems/gems/#{name}-1.0/lib/#{name}.rb")).to be(true)
    end
  end

  it "names a gem that Ruby's source lacks, or has without a specification" do
    write("ruby/.bundle/gems/bare-1.0/lib/bare.rb", "")
    %w[bare absent].each do |name|
      output, status = debian_gems("extract", name, "#{@dir}/ruby", "#{@dir}/gems")
      expect(status).not_to be_success
      expect(output).to match(%r{\A#{@dir}/ruby has no .*gem #{name}$})
    end
  end
end
