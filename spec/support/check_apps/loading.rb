# frozen_string_literal: true

# Code that the first request loads.
module Loading
  autoload :Late, File.expand_path("late/late.rb", __dir__)

  # Loads a constant.
  module Autoloaded
    def self.call(_env) = [200, {}, [Late.text]]
  end

  # Loads a library.
  module Required
    def self.call(_env)
      require "English"
      [200, {}, ["hi"]]
    end
  end

  # Loads a file of its own.
  module RequiredRelative
    def self.call(_env)
      require_relative "late/late"
      [200, {}, [Loading::Late.text]]
    end
  end

  # Requires a library that is already loaded.
  module RequiredAgain
    def self.call(_env)
      require "json"
      [200, {}, ["hi"]]
    end
  end
end

CheckApps.app("autoload in the request", blames: /Late|autoload/) { Loading::Autoloaded }
CheckApps.app("require in the request", blames: /require/) { Loading::Required }
CheckApps.app("require_relative in the request", blames: /require/) { Loading::RequiredRelative }
CheckApps.app("require in the request of what is loaded", blames: /require/) { Loading::RequiredAgain }
