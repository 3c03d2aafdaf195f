# frozen_string_literal: true

# One of examples/, by the name in KINO_EXAMPLE, under Rack::Lint.

require "rack/builder"
require "rack/lint"

# Constants of Lint that Rack 3.2 does not freeze, so that a Ractor may not read them.
[Rack::Utils::STATUS_WITH_NO_ENTITY_BODY, Rack::Lint::Wrapper::BODY_METHODS,
 Rack::Lint::Wrapper::StreamWrapper::REQUIRED_METHODS].each { |constant| Ractor.make_shareable(constant) }

app = Rack::Builder.parse_file(File.expand_path("../../../examples/#{ENV.fetch("KINO_EXAMPLE")}/config.ru", __dir__))
run Ractor.make_shareable(Rack::Lint.new(app))
