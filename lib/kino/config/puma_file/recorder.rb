# frozen_string_literal: true

require "etc" # files use it for the number of cores
require "kino/config/puma_file/table"

module Kino
  module Config
    class PumaFile
      # One call of the file.
      #
      # @!attribute [r] name
      #   @return [Symbol]
      # @!attribute [r] arguments
      #   @return [Array<Object>]
      # @!attribute [r] block
      #   @return [Proc, nil]
      # @!attribute [r] line
      #   @return [Integer, nil] nil if it was not called in the file itself
      Call = Data.define(:name, :arguments, :block, :line)

      # The `self` of the file, which only records its calls. It does not need Puma.
      #
      # @api private
      class Recorder
        # @param path [String]
        def initialize(path)
          @path = path
          @calls = []
          @modes = { single: [], cluster: [] }
        end

        Table::BY_NAME.each_key do |name|
          define_method(name) { |*arguments, &block| __note(name, arguments, block) }
        end

        # Blocks for one of Puma's modes, which run once the mode is known.
        %i[single cluster].each do |mode|
          define_method(mode) { |&block| @modes[mode] << [mode, block, __line] if block }
        end

        # @return [void]
        def clear_binds! = @calls.reject! { |call| %i[bind port].include?(call.name) }

        # @return [void]
        def inject(&) = instance_eval(&)

        # @return [Object] the value that was set
        def get(_name, default = nil) = default

        # @return [String]
        def default_host = Table::ANYWHERE

        private

        def __note(name, arguments, block)
          @calls << Call.new(name:, arguments:, block:, line: __line)
          nil
        end

        def __line = caller_locations.find { |place| place.path == @path }&.lineno

        # @return [Array<Call>] in their order
        def __calls = @calls

        # @return [Array<Array(Symbol, Proc, Integer)>] the blocks for that mode, with their lines
        def __blocks
          count = @calls.reverse.find { |call| call.name == :workers }&.arguments&.first
          @modes[count.to_s == "auto" || count.to_i.positive? ? :cluster : :single]
        end

        # A method of a later version of Puma, or of a gem.
        def method_missing(name, *arguments, &block) # rubocop:disable Style/MissingRespondToMissing -- it answers nothing
          __note(name, arguments, block)
        end
      end
    end
  end
end

# The binding of the code. Made outside of our modules, whose constants would hide Ruby's (File, for example).
# @!visibility private
Kino::Config::PumaFile::Recorder::OUTSIDE = proc { binding }
