# frozen_string_literal: true

require "kino/config/puma_file/source"

module Kino
  module Config
    class PumaFile
      # The hooks of the file. Puma has as many of a name as there are, Kino one of each directive: several become one
      # block that calls them in turn.
      #
      # @api private
      class Hooks
        Found = Data.define(:code, :line, :notes)
        private_constant :Found

        # @param source [Source]
        def initialize(source)
          @source = source
          @found = Hash.new { |found, directive| found[directive] = [] }
        end

        # @param call [Call]
        # @param entry [Entry]
        # @return [Refusal, nil] where it cannot be taken
        def add(call, entry)
          node = @source.callable(call)
          return Refusal.new(kind: :missing, reason: "the code of its block is not in the file") unless node

          notes = [entry.words, borrowed(node)].compact
          @found[entry.becomes.first] << Found.new(code: Source.code(node), line: call.line, notes:)
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

        def code(all)
          return all.first.code if all.size == 1

          calls = all.map { |found| "#{callable(found.code)}.call(*arguments)".gsub(/^(?=.)/, "  ") }
          ["do |*arguments|", *calls, "end"].join("\n")
        end

        # A block takes more arguments than it names, as it does where Puma calls it.
        def callable(code) = code.start_with?("do", "{") ? "proc #{code}" : "(#{code})"

        def borrowed(node)
          names = Source.borrowed(node)
          "it uses #{names.join(", ")} of the lines around it" if names.any?
        end
      end
    end
  end
end
