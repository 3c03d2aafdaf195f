# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/remedies"
require "kino/errors"
require "kino/error_log"

module Kino
  # Calls the operator's hooks: the directives that are callables, see {Config::Directives}.
  #
  # @api private
  module Hooks
    # Hooks that run in a worker. In ractor mode they must be shareable.
    IN_WORKERS = Config::Directives::ALL.select do |directive|
      directive.type.is_a?(Config::Types::Callable) && directive.type.in_worker?
    end.map(&:name).freeze

    # The hooks of a worker, nil for each that is not set.
    Workers = Data.define(*IN_WORKERS)

    # No hook is set.
    NONE = Workers.new(on_error: nil, after_worker_boot: nil, after_request: nil)

    class << self
      # @param settings [Config::Settings]
      # @return [Workers] frozen; shareable if the hooks are
      def of_workers(settings)
        Workers.new(**IN_WORKERS.to_h { |name| [name, settings.public_send(name)] })
      end

      # Calls a hook. Logs and swallows what it raises, except for what ends a worker anyway, such as an `exit`.
      #
      # @param name [Symbol]
      # @param hook [#call, nil]
      # @yieldparam error [Exception] that it raised
      # @return [void]
      def call(name, hook, *)
        hook&.call(*)
      rescue *ErrorLog::RESCUED => error
        yield error if block_given?
        ErrorLog.exception(error, prefix: "the hook #{name} raised ")
      end

      # The same for a hook that runs on one of the server's own threads, which must survive anything.
      #
      # @param (see .call)
      # @return [void]
      def call_safely(name, hook, *)
        call(name, hook, *)
      rescue Exception => error # rubocop:disable Lint/RescueException -- see above
        ErrorLog.line("the hook #{name} raised #{ErrorLog.full_message(error)}")
      end

      # @param settings [Config::Settings]
      # @param ruby [String] Ruby version that the advice is for
      # @return [void]
      # @raise [UnshareableHookError] for a hook that runs in a worker and cannot be shared between Ractors
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

      # A Proc captures all local variables around it, and Ruby has no method that tells which of them it uses.
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

      # Names of the local variables that its instructions mention, its own included.
      def used_by(hook)
        return hook.binding.local_variables unless defined?(RubyVM::InstructionSequence)

        code = RubyVM::InstructionSequence.of(hook)&.disasm.to_s
        code.scan(/[gs]etlocal\S*\s+([^@\s]+)@\d+/).flatten.map(&:to_sym)
      end

      def shares?(hook, name) = Ractor.shareable?(hook.instance_variable_get(name))
    end
  end
end
