# frozen_string_literal: true

# Serves the app from examples/ that KINO_EXAMPLE names, under Rack::Lint.

require "rack/builder"
require "rack/lint"

# A Ractor may not read these constants of Lint otherwise, because Rack 3.2 does not freeze them.
[Rack::Utils::STATUS_WITH_NO_ENTITY_BODY, Rack::Lint::Wrapper::BODY_METHODS,
 Rack::Lint::Wrapper::StreamWrapper::REQUIRED_METHODS].each { |constant| Ractor.make_shareable(constant) }

app = Rack::Builder.parse_file(File.expand_path("../../../examples/#{ENV.fetch("KINO_EXAMPLE")}/config.ru", __dir__))
run Ractor.make_shareable(Rack::Lint.new(app))
