# frozen_string_literal: true

require "kino/check/causes"
require "kino/check/never"
require "kino/check/rules"
require "kino/ruby"

module Kino
  module Check
    # What to do about a value that cannot be shared.
    #
    # @api private
    module Advice
      # What is empty, as it is written.
      EMPTY = { Hash => "{}", Array => "[]" }.freeze
      private_constant :EMPTY

      class << self
        # @param value [Object]
        # @param label [String] the constant or variable that holds it
        # @param changed [Boolean] whether a request changes it
        # @param ruby [String] version of Ruby to give advice for
        # @return [String]
        def for_value(value, label: "", changed: false, ruby: RUBY_VERSION)
          return for_changed(value, label) if changed

          case value
          when String then "freeze it, or begin the file with # frozen_string_literal: true"
          when Proc then for_proc(ruby)
          else for_object(value, label)
          end
        end

        # @param ruby [String] version of Ruby to give advice for
        # @return [String]
        def for_proc(ruby = RUBY_VERSION)
          "make it a module or class with a self.call method#{", or a Ractor.shareable_proc" if Ruby.four?(ruby)}"
        end

        private

        def for_object(value, label)
          never = Never.in(value)
          return for_never(value, never.first, label) if never
          return for_default_block(label) if Peek.kind?(value, Hash) && Peek.default_proc(value)

          "make it deeply frozen: Ractor.make_shareable(...); if requests change it, keep one for each Ractor: " \
            "#{store(label)}"
        end

        # To freeze it would raise, and leave what it holds frozen: $stderr, say.
        def for_never(value, never, label)
          why = "#{Peek.describe(never)}, which can never be shared" unless Peek.same?(value, never)
          each = "make one for each Ractor where it is used: " \
                 "#{logger?(value) ? "Ractor.store_if_absent(:logger) { Logger.new($stderr) }" : store(label)}"
          why ? "it holds #{why}: #{each}" : each
        end

        # Most set what is missing. And Ruby shares no block that was made at the top of a file.
        def for_default_block(label)
          "its default block may change it: keep one for each Ractor: #{store(label, "Hash.new { ... }")}"
        end

        def for_changed(value, label)
          empty = EMPTY[Peek.class_of(value)] if Contents.of(value).all? { |_name, held| nil.equal?(held) }
          "it is changed while a request runs: keep one for each Ractor: #{store(label, empty || "...")}"
        end

        def store(label, content = "...")
          name = label[/(\w+)\z/, 1]&.downcase || "name"
          "Ractor.store_if_absent(:#{name}) { #{content} }"
        end

        def logger?(value) = Peek.name_of(Peek.class_of(value)) == "Logger"
      end
    end
  end
end
