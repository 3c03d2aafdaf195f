# frozen_string_literal: true

require "kino/config/types/addresses"
require "kino/config/types/callable"
require "kino/config/types/choice"
require "kino/config/types/duration"
require "kino/config/types/flag"
require "kino/config/types/name"
require "kino/config/types/networks"
require "kino/config/types/path"
require "kino/config/types/size"
require "kino/config/types/threads"
require "kino/config/types/tls"
require "kino/config/types/type"
require "kino/config/types/whole"

module Kino
  module Config
    # The types of directives.
    #
    # @api private
    module Types
    end
  end
end
