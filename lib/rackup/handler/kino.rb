# frozen_string_literal: true

require "rackup/handler"
require "kino/rack_handler"

# The gem rackup's.
module Rackup
  # Where rackup and Rails find servers by name: they require this file by it.
  module Handler
    # Kino for `rackup -s kino` and for `bin/rails server -u kino`, which says "Booting Kino" by the module's name. See
    # {::Kino::RackHandler}.
    module Kino
      extend ::Kino::RackHandler
    end

    register :kino, Kino
  end
end
