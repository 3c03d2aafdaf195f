# frozen_string_literal: true

module Kino
  module Config
    class PumaFile
      Snippet = Data.define(:lines, :fixed, :tail, :block)

      # The code of a hook.
      #
      # @!attribute [r] lines
      #   @return [Array<String>]
      # @!attribute [r] fixed
      #   @return [Array<Integer>] indexes of lines that begin within a String: indenting them would change the String
      # @!attribute [r] tail
      #   @return [String] the heredocs that are opened in the last line, from the end of that line on
      # @!attribute [r] block
      #   @return [Boolean] false for an object that has `call`
      class Snippet
        # @return [String] a block, or an object that has `call`: both may follow the directive's name
        def code = lines.join + tail

        # A block accepts more arguments than it names, as with Puma.
        #
        # @return [String] lines that call it within another block
        def call
          opening, closing = block ? ["proc ", ""] : ["(", ")"]
          moved = lines.each_with_index.map { |line, index| move?(line, index) ? "  #{line}" : line }
          "  #{opening}#{moved.join}#{closing}.call(*arguments)#{tail}"
        end

        private

        def move?(line, index) = index.positive? && !line.strip.empty? && !fixed.include?(index)
      end
    end
  end
end
