# frozen_string_literal: true

require "kino/check/rules"

module Kino
  module Check
    # Methods of Ruby's own that raise: those in C that a Ractor may not call, and those that change what is frozen.
    # Some only do with certain arguments.
    #
    # @api private
    module Refusals
      # Methods that are the main Ractor's own, and those that use a constant or class variable of Ruby's that cannot be
      # shared, by owner and name.
      FORBIDDEN = {
        "String" => [%i[unicode_normalize unicode_normalize! unicode_normalized?], "it uses UnicodeNormalize::REGEXP_D"],
        "CGI::Escape" => [%i[unescape unescapeURIComponent], "it uses @@accept_charset of CGI"],
        "CGI::EscapeExt" => [%i[unescape unescapeURIComponent], "it uses @@accept_charset of CGI"],
        "#<Class:Regexp>" => [%i[timeout=], "the timeout is the main Ractor's"],
        "Kernel" => [%i[global_variables trace_var untrace_var], "global variables are the main Ractor's"],
        "#<Class:Kernel>" => [%i[global_variables trace_var untrace_var], "global variables are the main Ractor's"]
      }.freeze

      # Methods that fork.
      FORKING = { "Kernel" => %i[fork], "#<Class:Kernel>" => %i[fork], "#<Class:Process>" => %i[fork],
                  "#<Class:IO>" => %i[popen] }.freeze
      # What comes of it on Ruby 4.0, which raises, and before: now and then 3.4.5 ends in a bug report then.
      FORKED = { true => ["only the main Ractor may fork", true],
                 false => ["a process that a Ractor forks may crash before Ruby 4.0", false] }.freeze
      private_constant :FORKING, :FORKED

      # Those that are refused only with such arguments. Asked with them, or nil where they are not known.
      WITH = {
        unescape: ->(arguments) { arguments.nil? ? :possible : arguments.size == 1 },
        unescapeURIComponent: ->(arguments) { arguments.nil? ? :possible : arguments.size == 1 },
        popen: ->(arguments) { Pick.literal(arguments&.first) == "-" }
      }.freeze

      # Methods that change a frozen collection or String, which raises FrozenError.
      CHANGING = {
        Array => %i[<< []= push append unshift prepend insert pop shift concat clear delete delete_at delete_if fill
                    map! collect! select! filter! reject! keep_if sort! sort_by! uniq! compact! flatten! replace
                    reverse! rotate! shuffle! slice!],
        Hash => %i[[]= store delete delete_if clear merge! update reject! select! filter! keep_if compact! replace
                   transform_values! transform_keys! shift rehash default=],
        String => %i[<< []= concat prepend replace insert clear gsub! sub! upcase! downcase! capitalize! swapcase!
                     strip! lstrip! rstrip! chomp! chop! squeeze! tr! delete! slice! force_encoding setbyte]
      }.freeze

      # Those of them that give an Enumerator where they are given no block.
      WITH_BLOCK = %i[map! collect! select! filter! reject! keep_if delete_if sort_by! transform_values!
                      transform_keys!].freeze
      # Those that raise nothing where there is nothing to be done.
      MAYBE = { Array => %i[delete delete_at] }.freeze

      class << self
        # @param method [UnboundMethod] one of Ruby's own
        # @param arguments [Array, nil] values
        # @param ruby [String] version of Ruby
        # @return [Array(String, Boolean), nil] why only the main Ractor may call it, and whether that is sure
        def forbidden(method, arguments, ruby: RUBY_VERSION)
          why, is_sure = reason(Rules.title(method.owner), method.original_name, ruby)
          refused = WITH.fetch(method.original_name, ->(_) { true }).call(arguments) if why
          [why, is_sure && refused == true] if refused
        end

        # @param object [Object] frozen
        # @param name [Symbol] of a method that it has from Ruby
        # @param block [Boolean] whether it is given a block
        # @return [Symbol, nil] :certain or :possible if the method changes the object
        def change(object, name, block:)
          type, = CHANGING.find { |type, names| names.include?(name) && Peek.kind?(object, type) }
          return unless type && (block || !WITH_BLOCK.include?(name))

          MAYBE.fetch(type, []).include?(name) ? :possible : :certain
        end

        private

        # @return [Array(String, Boolean), nil]
        def reason(owner, name, ruby)
          names, why = FORBIDDEN[owner]
          return [why, true] if names&.include?(name)

          FORKED.fetch(Ruby.four?(ruby)) if FORKING[owner]&.include?(name)
        end
      end
    end
  end
end
