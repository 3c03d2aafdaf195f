# frozen_string_literal: true

require "kino/peek"
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

      # Kernel's methods that do not return.
      ENDINGS = %i[raise fail throw exit exit! abort].freeze

      # What calls a Proc or a Method.
      CALLS = %i[call () yield === []].freeze

      # Ruby's own methods that call the block they are given once and at once, or at least once.
      CALLING = %i[tap then yield_self loop catch synchronize instance_eval instance_exec class_eval class_exec
                   module_eval module_exec].freeze

      # Those of them in whose block self is the receiver.
      CHANGING_SELF = %i[instance_eval instance_exec class_eval class_exec module_eval module_exec].freeze

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
      ].to_h { [it, true] }.freeze

      class << self
        # @param name [Symbol] of a global variable
        # @param ruby [String] version of Ruby
        # @return [Boolean] whether a Ractor may use it
        def global?(name, ruby: RUBY_VERSION)
          GLOBALS.include?(name) || name.match?(/\A\$[1-9]/) || (Ruby.four?(ruby) && GLOBALS_4.include?(name))
        end

        # @param method [UnboundMethod]
        # @return [Boolean] whether it is Ruby's own
        def core?(method)
          owner = Peek.singleton_class?(method.owner) ? Peek.attached(method.owner) : method.owner
          Peek.module?(owner) && core_name?(Peek.name_of(owner).to_s)
        end

        # @param owner [Module]
        # @return [String, nil] its name, that of a singleton class as Ruby shows it
        def title(owner)
          return Peek.name_of(owner) unless Peek.singleton_class?(owner)

          attached = Peek.attached(owner)
          "#<Class:#{Peek.name_of(attached)}>" if Peek.module?(attached)
        end

        # @param title [String] of a class or module
        # @return [Boolean] whether it is one of Ruby's own
        def core_name?(title) = CORE.key?(title) || CORE.key?(title[/\A[^:]*/])

        # @param object [Object]
        # @param ruby [String] version of Ruby
        # @return [Boolean] whether no freezing makes it shareable
        def never?(object, ruby: RUBY_VERSION)
          names = Ruby.four?(ruby) ? NEVER : NEVER + NEVER_3
          Peek.ancestors_of(Peek.class_of(object)).any? { |ancestor| names.include?(Peek.name_of(ancestor)) }
        end
      end
    end
  end
end
