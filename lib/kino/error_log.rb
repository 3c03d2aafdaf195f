# frozen_string_literal: true

module Kino
  # Writes what went wrong to `$stderr` of the Ractor that calls it: one write an entry, so that
  # entries of several workers do not mix.
  module ErrorLog
    module_function

    # @param text [String] one line
    # @return [void]
    def line(text)
      $stderr.write("kino: #{text}\n")
    end

    # @param error [Exception] what was raised
    # @param env [Hash, nil] the Rack env of the request that raised it
    # @return [void]
    def exception(error, env = nil)
      $stderr.write("kino: #{describe(error)}#{request_line(env)}\n#{trace(error)}")
    end

    # @param error [Exception]
    # @return [String] class and message on one line
    def describe(error)
      "#{error.class}: #{message_of(error).gsub(/\s*\n\s*/, " | ")}"
    end

    # An app's own exception class may raise in `message`; the report must not.
    def message_of(error)
      error.message.to_s.scrub("?")
    rescue StandardError => failure
      "(no message: #{failure.class})"
    end

    def request_line(env)
      return "" unless env

      query = env["QUERY_STRING"]
      target = query.to_s.empty? ? env["PATH_INFO"] : "#{env["PATH_INFO"]}?#{query}"
      " (#{env["REQUEST_METHOD"]} #{target} #{env["SERVER_PROTOCOL"]})"
    end

    def trace(error)
      lines = (error.backtrace || []).map { |line| "    #{line}\n" }
      cause = error.cause
      lines << "  caused by #{describe(cause)}\n" << trace(cause) if cause
      lines.join
    end

    private_class_method :message_of, :request_line, :trace
  end
end
