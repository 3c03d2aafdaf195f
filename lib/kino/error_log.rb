# frozen_string_literal: true

module Kino
  # Writes errors to the calling Ractor's `$stderr`, each entry with one write, so that entries of several workers do
  # not mix. Never raises: a log that cannot be written (a closed pipe, a full disk), or an exception that cannot be
  # described, must not cost a worker.
  module ErrorLog
    # Errors of app code that end only the call itself. The methods of an app's exceptions are app code, too.
    RESCUED = [StandardError, ScriptError, SystemStackError].freeze

    # How far `cause` is followed; causes may form a circle.
    MOST_CAUSES = 5

    module_function

    # @param text [String] one line
    # @return [void]
    def line(text)
      write("kino: #{text}\n")
    end

    # @param error [Exception]
    # @param env [Hash, nil] the Rack env of the request that raised it
    # @param prefix [String] such as "the hook on_error raised "
    # @return [void]
    def exception(error, env = nil, prefix: "")
      write("kino: #{prefix}#{describe(error)}#{request_line(env)}\n#{trace(error)}")
    rescue *RESCUED => failure
      line("an error that cannot be described: #{class_name(failure)}")
    end

    # Describes what a worker died of. Never raises, whatever the error's methods do.
    #
    # @param error [Exception]
    # @return [String] class and message on the first line, then the backtrace and the causes
    def full_message(error)
      head = asked { describe(error) } || undescribed(error)
      "#{head}\n#{asked { trace(error) }}".chomp
    end

    # @param env [Hash] a Rack env, which the app may have changed in any way
    # @return [String] method and target, such as "GET /path?a=1"
    def request(env)
      query = env["QUERY_STRING"]
      target = "#{plain(env["PATH_INFO"])}#{"?#{plain(query)}" unless query.to_s.empty?}"
      "#{plain(env["REQUEST_METHOD"])} #{target}"
    end

    # Describes an error without calling any of its methods.
    #
    # @param error [Exception]
    # @return [String]
    def undescribed(error) = "#{class_name(error)}: (it cannot be described)"

    # @return [void]
    def flush
      $stderr.flush
    rescue *RESCUED
      nil
    end

    # @param error [Exception]
    # @return [String] class and message on one line
    def describe(error)
      "#{class_name(error)}: #{message_of(error)}"
    end

    # An exception may lie about its class, or raise when asked. (The methods are no constants, because a method object
    # cannot be shared between Ractors.)
    def class_name(error)
      Module.instance_method(:to_s).bind_call(Kernel.instance_method(:class).bind_call(error))
    end

    def asked
      yield
    rescue Exception # rubocop:disable Lint/RescueException -- every death must be logged
      nil
    end

    def message_of(error)
      plain(error.message).gsub(/\s*\n\s*/, " | ")
    rescue *RESCUED => failure
      "(no message: #{class_name(failure)})"
    end

    def write(text)
      $stderr.write(text)
    rescue *RESCUED # the app may have replaced $stderr with an object that raises
      nil
    end

    # Converts to UTF-8, because Strings of different encodings cannot be joined.
    def plain(text)
      text.to_s.encode(Encoding::UTF_8, invalid: :replace, undef: :replace, replace: "?").scrub("?")
    end

    def request_line(env)
      env ? " (#{request(env)} #{plain(env["SERVER_PROTOCOL"])})" : ""
    end

    def trace(error, depth = 0)
      lines = Array(error.backtrace).map { |line| "    #{plain(line)}\n" }
      cause = error.cause
      lines << "  caused by #{describe(cause)}\n" << trace(cause, depth + 1) if cause && depth < MOST_CAUSES
      lines.join
    end

    private_class_method :class_name, :asked, :write, :plain, :message_of, :request_line, :trace
  end
end
