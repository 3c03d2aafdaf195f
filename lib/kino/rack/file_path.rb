# frozen_string_literal: true

module Kino
  module Rack
    # The file that a body stands for, so that the front-end can send it from the disk.
    #
    # @see https://github.com/rack/rack/blob/main/SPEC.rdoc The Body
    module FilePath
      class << self
        # Rack asks for a String from `to_path`. Apps give a Pathname too.
        #
        # @param body [Object]
        # @return [String, nil] nil where it stands for none
        def of(body)
          path = body.to_path if body.respond_to?(:to_path)
          path.nil? || path.is_a?(String) ? path : name_of(path)
        end

        private

        # What names no file leaves the body to be enumerated.
        def name_of(path)
          File.path(path)
        rescue TypeError, ArgumentError, EncodingError
          nil
        end
      end
    end
  end
end
