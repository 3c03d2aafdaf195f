# frozen_string_literal: true

require "kino/check/peek"
require "kino/ruby"

module Kino
  module Check
    # What Ruby refuses outside the main Ractor, and what it does not. All of it was tried in a Ractor of Ruby 3.4.5 and
    # of 4.0.5; spec/unit/check/rules_spec.rb tries it again on the Ruby that runs.
    #
    # @api private
    module Rules
      # Global variables that each Ractor, thread or frame has of its own, or that are constant. All others raise
      # Ractor::IsolationError when they are read, written, or only asked for (`defined?`).
      GLOBALS = %i[
        $stdin $stdout $stderr $> $DEBUG $VERBOSE $-d $-v $-w $-W $~ $_ $! $@ $? $$ $& $` $' $+ $-a $-i $-l $-p
      ].freeze

      # Since Ruby 4.0 the record separator may be read.
      GLOBALS_4 = %i[$/ $-0].freeze

      # Methods in C that a Ractor may not call, by owner and name: those that are the main Ractor's own, and those that
      # use a constant or class variable of Ruby's that cannot be shared.
      FORBIDDEN = {
        "String" => [%i[unicode_normalize unicode_normalize! unicode_normalized?], "it uses UnicodeNormalize::REGEXP_D"],
        "CGI::Escape" => [%i[unescape unescapeURIComponent], "it uses @@accept_charset of CGI"],
        "CGI::EscapeExt" => [%i[unescape unescapeURIComponent], "it uses @@accept_charset of CGI"]
      }.freeze

      # Since Ruby 4.0.
      FORBIDDEN_4 = {
        "Kernel" => [%i[fork], "only the main Ractor may fork"],
        "#<Class:Kernel>" => [%i[fork], "only the main Ractor may fork"],
        "#<Class:Process>" => [%i[fork], "only the main Ractor may fork"]
      }.freeze

      # Kernel's methods that do not return.
      ENDINGS = %i[raise fail throw exit exit! abort].freeze

      # Ruby's own methods that call the block they are given once and at once, or at least once.
      CALLING = %i[tap then yield_self loop catch synchronize instance_eval instance_exec class_eval class_exec
                   module_eval module_exec].freeze

      # Those of them in whose block self is the receiver.
      CHANGING_SELF = %i[instance_eval instance_exec class_eval class_exec module_eval module_exec].freeze

      # Ruby's own methods that change a frozen collection or String, which raises FrozenError.
      CHANGING = {
        Array => %i[<< []= push append unshift prepend insert pop shift concat clear delete delete_at delete_if fill
                    map! collect! select! filter! reject! keep_if sort! sort_by! uniq! compact! flatten! replace
                    reverse! rotate! shuffle! slice!],
        Hash => %i[[]= store delete delete_if clear merge! update reject! select! filter! keep_if compact! replace
                   transform_values! transform_keys! shift rehash default=],
        String => %i[<< []= concat prepend replace insert clear gsub! sub! upcase! downcase! capitalize! swapcase!
                     strip! lstrip! rstrip! chomp! chop! squeeze! tr! delete! slice! force_encoding setbyte]
      }.freeze

      # Those of them that raise only where there is something to change.
      CHANGING_PERHAPS = { Array => %i[delete delete_at] }.freeze

      # Classes whose objects can never be shared, however frozen. By name: not all of them are loaded, and none
      # shall be for this.
      NEVER = %w[
        Thread Thread::Mutex Thread::Queue Thread::SizedQueue Thread::ConditionVariable Monitor IO Binding
        Fiber Enumerator Enumerator::Lazy StringIO ThreadGroup TracePoint ObjectSpace::WeakMap
        ObjectSpace::WeakKeyMap Dir Zlib::GzipWriter Zlib::GzipReader OpenSSL::SSL::SSLSocket Process::Waiter
      ].freeze

      # Until Ruby 4.0.
      NEVER_3 = %w[Method UnboundMethod].freeze

      # What Ruby itself defines, whose methods in C are all fit for Ractors.
      CORE = %w[
        Array BasicObject Binding Class Comparable Complex Data Dir Encoding Enumerable Enumerator Errno Exception
        FalseClass Fiber File FileTest Float GC Hash IO Integer Kernel Marshal MatchData Math Method Module NilClass
        Numeric Object ObjectSpace Proc Process Ractor Random Range Rational Refinement Regexp RubyVM Set Signal
        String Struct Symbol Thread ThreadGroup Time TracePoint TrueClass UnboundMethod Warning ENV ARGF main Monitor
      ].freeze

      class << self
        # @param name [Symbol] of a global variable
        # @param ruby [String] version of Ruby
        # @return [Boolean] whether a Ractor may use it
        def global?(name, ruby: RUBY_VERSION)
          GLOBALS.include?(name) || name.match?(/\A\$[1-9]/) || (Ruby.four?(ruby) && GLOBALS_4.include?(name))
        end

        # @param method [UnboundMethod] one of Ruby's own
        # @param ruby [String] version of Ruby
        # @return [String, nil] why only the main Ractor may call it
        def forbidden(method, ruby: RUBY_VERSION)
          tables = Ruby.four?(ruby) ? [FORBIDDEN, FORBIDDEN_4] : [FORBIDDEN]
          entries = tables.filter_map { |table| table[title(method.owner)] }
          entries.find { |names, _why| names.include?(method.original_name) }&.last
        end

        # @param method [UnboundMethod]
        # @return [Boolean] whether it is Ruby's own
        def core?(method)
          owner = Peek.singleton_class?(method.owner) ? Peek.attached(method.owner) : method.owner
          Peek.module?(owner) && core_name?(Peek.name(owner).to_s)
        end

        # @param owner [Module]
        # @return [String, nil] its name, that of a singleton class as Ruby shows it
        def title(owner)
          return Peek.name(owner) unless Peek.singleton_class?(owner)

          attached = Peek.attached(owner)
          "#<Class:#{Peek.name(attached)}>" if Peek.module?(attached)
        end

        # @param title [String] of a class or module
        # @return [Boolean] whether it is one of Ruby's own
        def core_name?(title) = CORE.include?(title.split("::").first)

        # @param object [Object]
        # @param ruby [String] version of Ruby
        # @return [Boolean] whether no freezing makes it shareable
        def never?(object, ruby: RUBY_VERSION)
          names = Ruby.four?(ruby) ? NEVER : NEVER + NEVER_3
          Peek.ancestors(Peek.class_of(object)).any? { |ancestor| names.include?(Peek.name(ancestor)) }
        end

        # @param object [Object]
        # @param name [Symbol] of a method that it has from Ruby
        # @return [Boolean] whether the method changes the object
        def changes?(object, name) = listed?(CHANGING, object, name)

        # @param object [Object]
        # @param name [Symbol] of a method that changes it
        # @return [Boolean] whether it does so only where there is something to change
        def may_change?(object, name) = listed?(CHANGING_PERHAPS, object, name)

        private

        def listed?(table, object, name)
          table.any? { |type, names| type === object && names.include?(name) } # rubocop:disable Style/CaseEquality
        end
      end
    end
  end
end
