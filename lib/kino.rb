# frozen_string_literal: true

require "kino/program"
require "kino/version"
require "kino/errors"
require "kino/native"
require "kino/request"
require "kino/event_stream"
require "kino/rack/input"
require "kino/rack/null_input"
require "kino/rack/errors"
require "kino/rack/early_hints"
require "kino/server"

Kino::Native.rack_objects(Kino::Rack::Input, Kino::Rack::NULL_INPUT, Kino::Rack::ERRORS, Kino::Rack::EarlyHints)
