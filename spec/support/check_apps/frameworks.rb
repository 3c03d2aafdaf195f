# frozen_string_literal: true

require "roda"
require "sinatra/base"

# Frameworks, as in their READMEs.
module Frameworks
  # Sinatra's classic example, in modular form.
  class Sinatra < ::Sinatra::Base
    set :environment, :production
    get("/") { "hi" }
  end

  # Roda's first app.
  class Roda < ::Roda
    route do |r|
      r.root { "hi" }
    end
  end

  # Roda, frozen as its author recommends.
  class FrozenRoda < ::Roda
    plugin :json
    route do |r|
      r.root { ["hi"] }
    end
    freeze
  end
end

CheckApps.app("Sinatra", blames: /Sinatra/) { Frameworks::Sinatra }
CheckApps.app("Sinatra, an object", blames: /Mutex|not frozen|block/) { Frameworks::Sinatra.new }
CheckApps.app("Roda", blames: /Roda/) { Frameworks::Roda }
CheckApps.app("Roda.app", blames: /Proc|lambda|Roda/) { Frameworks::Roda.app }
CheckApps.app("Roda, frozen", blames: /Roda/) { Frameworks::FrozenRoda }
CheckApps.app("Roda.app, frozen", blames: /Proc|lambda|Roda/) { Frameworks::FrozenRoda.app }
