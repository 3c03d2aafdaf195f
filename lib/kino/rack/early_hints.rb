# frozen_string_literal: true

module Kino
  module Rack
    # `rack.early_hints`: sends headers ahead of the response, as 103 Early Hints (RFC 8297).
    #
    # May be called several times, from any thread of the Ractor. Clients of HTTP/1.0 get no hints, nor do clients that
    # have not read an earlier response yet.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc rack.early_hints
    class EarlyHints
      # @param request [Kino::Request]
      def initialize(request)
        @request = request
      end

      # Does nothing once the response has begun or the client has left.
      #
      # @param headers [Hash{String => String, Array<String>}] as in a response
      # @return [nil]
      # @raise [InvalidResponseError] if the headers cannot be sent
      def call(headers) = @request.send_early_hints(headers)
    end
  end
end
