# frozen_string_literal: true

require "prism"
require "kino/config/puma_file/constants"
require "kino/config/puma_file/locals"
require "kino/config/puma_file/source"

module Kino
  module Config
    class PumaFile
      # The hooks of the file. Puma allows several of a name, Kino one for each directive, so several become one block
      # that calls them in turn.
      #
      # @api private
      class Hooks
        Found = Data.define(:snippet, :line, :notes)
        private_constant :Found

        # @param source [Source]
        def initialize(source)
          @source = source
          @found = Hash.new { |found, directive| found[directive] = [] }
        end

        # @param call [Call]
        # @param entry [Entry]
        # @return [Refusal, nil] if it cannot be used
        def add(call, entry)
          node = @source.callable(call) or return refusal("the code of its block is not in the file")
          snippet = @source.snippet(node) or return refusal("a heredoc of the line before stands within its block")
          return refusal("its code does not stand by itself") unless alone?(snippet)
          return refusal("its code asks Puma, which is not there") if Constants.in(node).include?(:Puma)

          notes = [entry.words, borrowed(node)].compact
          @found[entry.becomes.first] << Found.new(snippet:, line: call.line, notes:)
          nil
        end

        # @return [Array<Setting>]
        def settings
          @found.map do |directive, all|
            notes = all.flat_map(&:notes).uniq
            notes.unshift("those of the lines #{all.map(&:line).join(", ")}, in turn") if all.size > 1
            Setting.new(directive:, value: code(all), line: all.first.line, note: (notes.join("; ") if notes.any?))
          end
        end

        private

        def refusal(reason) = Refusal.new(kind: :missing, reason:)

        def alone?(snippet) = Prism.parse("hook #{snippet.code}").success?

        def code(all)
          return all.first.snippet.code if all.size == 1

          ["do |*arguments|", *all.map { |found| found.snippet.call }, "end"].join("\n")
        end

        def borrowed(node)
          names = Locals.in(node)
          "it uses #{names.join(", ")} of the lines around it" if names.any?
        end
      end
    end
  end
end
