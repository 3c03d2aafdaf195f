# frozen_string_literal: true

require "etc"
require_relative "../../../lib/kino/version"
require_relative "puma_launcher"

module Bench
  # The machine and the versions behind the figures.
  module Machine
    module_function

    # @return [Hash{Symbol=>Object}]
    def facts
      { ruby: "#{RUBY_ENGINE} #{RUBY_VERSION} #{yjit}", kino: Kino::VERSION, revision:,
        puma: PumaLauncher.new(cluster: true).version, wrk: `wrk -v 2>&1`[/wrk (\S+)/, 1], rust: rust,
        kernel: "#{Etc.uname[:sysname]} #{Etc.uname[:release]} #{Etc.uname[:machine]}", cpus: Etc.nprocessors,
        load_before: load }.compact
    end

    # @return [String] the load average of the last minute
    def load = File.read("/proc/loadavg")[/\S+/]

    def yjit = defined?(RubyVM::YJIT) ? "+YJIT" : "without YJIT"

    def revision
      revision = IO.popen(["git", "-C", ROOT, "describe", "--always", "--dirty", { err: File::NULL }], &:read).strip
      revision.empty? ? nil : revision
    end

    def rust
      IO.popen(["rustc", "--version", { err: File::NULL }], &:read)[/rustc (\S+)/, 1]
    rescue Errno::ENOENT
      nil
    end
  end
end
