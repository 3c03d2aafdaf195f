# frozen_string_literal: true

module Kino
  module Rack
    # The file that a body names with `to_path`, so that the front-end can send it from the disk.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Body
    module FilePath
      class << self
        # Rack requires a String from `to_path`, but apps return a Pathname too.
        #
        # @param body [Object]
        # @return [String, nil] nil if it names none
        def of(body)
          path = body.to_path if body.respond_to?(:to_path)
          path.nil? || path.is_a?(String) ? path : name_of(path)
        end

        private

        # If it is no path, the body is enumerated.
        def name_of(path)
          File.path(path)
        rescue TypeError, ArgumentError, EncodingError
          nil
        end
      end
    end
  end
end
