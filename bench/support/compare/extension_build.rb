# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require_relative "ruby_side"

module Bench
  # Another build of this checkout's extension, beside that of bin/setup: what only a build can change, such as a
  # feature of its crate. Cargo sees what has changed since the last time.
  class ExtensionBuild
    # @param name [String]
    # @param cargo_args [Array<String>] besides those of ext/kino/extconf.rb
    def initialize(name, cargo_args:)
      @name = "#{name}-#{RUBY_VERSION}"
      @cargo_args = cargo_args
    end

    # @return [String] to stand in the load path before the checkout's lib, whose extension it hides
    def load_path = "#{dir}/lib"

    # Builds at the first call.
    #
    # @return [String, nil]
    def obstacle
      @obstacle ||= build ? :none : "it does not build, see #{log}"
      @obstacle == :none ? nil : @obstacle
    end

    # @return [Hash{String=>String}] of make; a target folder of its own, as builds that differ in their features only
    #   would overwrite each other's library
    def environment
      { "RB_SYS_EXTRA_CARGO_ARGS" => @cargo_args.join(" "), "RB_SYS_CARGO_TARGET_DIR" => "#{ROOT}/target/#{@name}" }
    end

    private

    def dir = "#{ROOT}/tmp/bench/extension-#{@name}"

    def log = "#{dir}/build.log"

    def build
      series = "#{load_path}/kino/#{RUBY_VERSION[/\A\d+\.\d+/]}"
      FileUtils.mkdir_p(series)
      File.write(log, "")
      configured = File.exist?("#{dir}/Makefile") ||
                   run(RbConfig.ruby, "-S", "bundle", "exec", RbConfig.ruby, "#{ROOT}/ext/kino/extconf.rb")
      return false unless configured && run("make")

      FileUtils.cp("#{dir}/kino.#{RbConfig::CONFIG["DLEXT"]}", series)
      true
    end

    def run(*command) = system(environment, *command, chdir: dir, out: [log, "a"], err: %i[child out])
  end
end
