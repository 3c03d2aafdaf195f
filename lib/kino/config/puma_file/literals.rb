# frozen_string_literal: true

require "prism"

module Kino
  module Config
    class PumaFile
      # Finds text that must not be changed: lines that begin within a String, and heredocs, whose text is elsewhere.
      #
      # @api private
      class Literals < Prism::Visitor
        # A String whose text is below the line that opens it.
        #
        # @!attribute [r] offset
        #   @return [Integer] where it is opened
        # @!attribute [r] lines
        #   @return [Range<Integer>] of its text, the end of it included
        Heredoc = Data.define(:offset, :lines)

        # @return [Array<Integer>] lines that must not be indented
        attr_reader :fixed
        # @return [Array<Heredoc>]
        attr_reader :heredocs

        # @param node [Prism::Node]
        # @return [Literals]
        def self.in(node) = new.tap { |finder| node.accept(finder) }

        def initialize
          @fixed = []
          @heredocs = []
          @ends = {} # the end of the last heredoc opened in a line
          super
        end

        %i[string interpolated_string x_string interpolated_x_string regular_expression symbol interpolated_symbol
           interpolated_regular_expression].each do |kind|
          define_method(:"visit_#{kind}_node") do |node|
            note(node)
            super(node)
          end
        end

        private

        def note(node)
          opening = node.opening_loc if node.respond_to?(:opening_loc)
          return note_heredoc(node, opening) if opening&.slice&.start_with?("<<")

          # A String without delimiters is a part of another, or one of several in a row, which may be moved.
          pieces = node.is_a?(Prism::InterpolatedStringNode) && opening.nil?
          @fixed.push(*(node.location.start_line + 1)..node.location.end_line) unless pieces
        end

        def note_heredoc(node, opening)
          line = opening.start_line
          first = @ends.fetch(line, line) + 1
          @ends[line] = node.closing_loc.start_line
          @heredocs << Heredoc.new(offset: opening.start_offset, lines: first..@ends[line])
          @fixed.push(*first..@ends[line])
        end
      end
    end
  end
end
