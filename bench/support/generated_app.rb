# frozen_string_literal: true

require "tmpdir"

module Bench
  # An app of many classes, one per file, whose methods call those of several others. A check that read a method once
  # for every path to it would never finish.
  module GeneratedApp
    # @param size [Integer] how many classes
    # @param flawed [Boolean] whether the last class reads a constant that is not frozen
    # @return [Class] the app, loaded
    def self.load(size, flawed: false)
      Dir.mktmpdir("kino-generated") do |directory|
        size.times do |index|
          path = File.join(directory, "step_#{index}.rb")
          File.write(path, source(index, size, flawed:))
          require path
        end
      end
      Object.const_get(:Step0)
    end

    def self.source(index, size, flawed:)
      is_last = index == size - 1
      <<~RUBY
        # frozen_string_literal: true

        class Step#{index}
          NAMES = %w[step #{index}].freeze
          LAST = #{flawed && is_last ? "{}" : "{}.freeze"}

          def self.call(env) = [200, { "content-type" => "text/plain" }, [new(env).text]]

          def initialize(env)
            @env = env
            @parts = []
          end

          def text
            @parts << NAMES.join(" ") << @env["PATH_INFO"]
            #{calls(index, size).join("\n    ")}
            render(@parts)
          end

          def render(parts) = parts.map { |part| format("%s", part) }.join("\\n")
        #{"  def last = LAST.size" if is_last}
        end
      RUBY
    end

    def self.calls(index, size)
      return ["@parts << last.to_s"] if index == size - 1

      called = [(2 * index) + 1, (2 * index) + 2]
      # Chains of calls too, but short ones: no app is hundreds of calls deep.
      called << (index + 1) unless (index % 5).zero?
      called.uniq.select { |other| other < size }
            .map { |other| "@parts << Step#{other}.new(@env).text if @env[\"#{other}\"]" }
    end
    private_class_method :source, :calls
  end
end
