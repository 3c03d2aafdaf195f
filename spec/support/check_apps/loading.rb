# frozen_string_literal: true

# What is loaded by the first request that needs it.
module Loading
  autoload :Late, File.expand_path("late/late.rb", __dir__)

  # A constant that is not there yet.
  module Autoloaded
    def self.call(_env) = [200, {}, [Late.text]]
  end

  # A library that is not there yet.
  module Required
    def self.call(_env)
      require "English"
      [200, {}, ["hi"]]
    end
  end

  # A file of its own that is not there yet.
  module RequiredRelative
    def self.call(_env)
      require_relative "late/late"
      [200, {}, [Loading::Late.text]]
    end
  end

  # What is there already.
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
