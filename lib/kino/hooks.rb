# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/remedies"
require "kino/errors"
require "kino/error_log"

module Kino
  # Calls what the operator has hung on the life of a server: directives that are callables, see {Config::Directives}.
  #
  # @api private
  module Hooks
    # Those that run in a worker. In ractor mode they must be shareable.
    IN_WORKERS = Config::Directives::ALL.select do |directive|
      directive.type.is_a?(Config::Types::Callable) && directive.type.in_worker?
    end.map(&:name).freeze

    # What a worker needs of them, nil for each that is not set.
    Workers = Data.define(*IN_WORKERS)

    # None is set.
    NONE = Workers.new(on_error: nil, after_worker_boot: nil, after_request: nil)

    class << self
      # @param settings [Config::Settings]
      # @return [Workers] frozen; shareable if they are
      def of_workers(settings)
        Workers.new(**IN_WORKERS.to_h { |name| [name, settings.public_send(name)] })
      end

      # Calls a hook. What it raises is logged and goes no further, except for what ends a worker anyway (an `exit`,
      # say).
      #
      # @param name [Symbol]
      # @param hook [#call, nil]
      # @yieldparam error [Exception] what it has raised
      # @return [void]
      def call(name, hook, *)
        hook&.call(*)
      rescue *ErrorLog::RESCUED => error
        yield error if block_given?
        ErrorLog.exception(error, prefix: "the hook #{name} raised ")
      end

      # The same for a hook that runs on a thread of the server's own, which nothing may end.
      #
      # @param (see .call)
      # @return [void]
      def call_safely(name, hook, *)
        call(name, hook, *)
      rescue Exception => error # rubocop:disable Lint/RescueException -- see above
        ErrorLog.line("the hook #{name} raised #{ErrorLog.full_message(error)}")
      end

      # @param settings [Config::Settings]
      # @param ruby [String] version of Ruby to give advice for
      # @return [void]
      # @raise [UnshareableHookError] for one that runs in a worker and cannot be shared between Ractors
      def check(settings, ruby: RUBY_VERSION)
        IN_WORKERS.each do |name|
          hook = settings.public_send(name)
          raise UnshareableHookError, refusal(name, hook, ruby) unless Ractor.shareable?(hook)
        end
      end

      private

      def refusal(name, hook, ruby)
        "the hook #{name} (#{hook.class}#{culprit(hook)}) runs in worker Ractors and cannot be shared between them: " \
          "make it #{Config::Remedies.list(ruby:)}, or use mode threaded"
      end

      # A Proc sees all local variables around it; Ruby tells which of them it uses only by trying.
      def culprit(hook)
        names = hook.is_a?(Proc) ? locals(hook) : hook.instance_variables.reject { |name| shares?(hook, name) }
        ", which holds #{names.join(", ")}" if names.any?
      end

      def locals(hook)
        around = hook.binding
        named = around.local_variables.reject { |name| Ractor.shareable?(around.local_variable_get(name)) }
        used = named & used_by(hook)
        used.empty? ? ["self"] : used
      rescue ArgumentError # a Proc of a method or a Symbol has no binding
        []
      end

      # Words of its code that name local variables around it.
      def used_by(hook)
        return hook.binding.local_variables unless defined?(RubyVM::InstructionSequence)

        code = RubyVM::InstructionSequence.of(hook)&.disasm.to_s
        code.scan(/[gs]etlocal\S*\s+([^@\s]+)@\d+/).flatten.map(&:to_sym)
      end

      def shares?(hook, name) = Ractor.shareable?(hook.instance_variable_get(name))
    end
  end
end
