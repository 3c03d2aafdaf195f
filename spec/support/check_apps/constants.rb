# frozen_string_literal: true

require "digest"
require "erb"
require "logger"

# Objects that a constant may hold.
module Constants
  # Frozen in every possible way.
  module Frozen
    PAGES = { "/" => ["home", :start, 1..3, /x/, 1.5, nil, 2r] }.transform_values(&:freeze).freeze
    SHARED = Ractor.make_shareable({ pages: [{ title: "home".dup }] })
    NAMES = %w[a b c].freeze
    SIZES = Struct.new(:small, :large)

    def self.call(env)
      page = PAGES.fetch(env["PATH_INFO"]).first
      [200, {}, [page, SHARED[:pages].first[:title], NAMES.join, SIZES.new(1, 2).to_a.to_s]]
    end
  end

  # Frozen by hand, but only at the top level.
  module Shallow
    NAMES = %w[a b].map(&:upcase).freeze

    def self.call(_env) = [200, {}, [NAMES.join]]
  end

  # A forgotten freeze.
  module Forgotten
    HEADERS = { "content-type" => "text/plain" }

    def self.call(_env) = [200, HEADERS.dup, ["hi"]]
  end

  # Unfrozen, but no request reads it.
  module Unread
    BOOT_NOTES = ["loaded"]

    def self.notes = BOOT_NOTES

    def self.call(_env) = [200, {}, ["hi"]]
  end

  # The magic comment freezes the constants.
  module Commented
    # shareable_constant_value: literal
    SETTINGS = { title: "Kino", links: [{ href: "/" }], names: %w[a b] }
    # shareable_constant_value: none

    def self.call(_env) = [200, {}, [SETTINGS.dig(:links, 0, :href)]]
  end

  # A cache that all requests share.
  module Cached
    CACHE = {}

    def self.call(env) = [200, {}, [CACHE[env["PATH_INFO"]] ||= "page"]]
  end

  # A lock that all requests share.
  module Locked
    LOCK = Mutex.new

    def self.call(_env) = [200, {}, [LOCK.synchronize { "alone" }]]
  end

  # A logger, as in every app.
  module Logging
    LOGGER = Logger.new(File::NULL)

    def self.call(env)
      LOGGER.info(env["PATH_INFO"])
      [200, {}, ["hi"]]
    end
  end

  # A template that is compiled at load.
  module Templated
    PAGE = ERB.new("<h1><%= title %></h1>")

    def self.call(_env)
      title = "Kino"
      [200, {}, [PAGE.result(binding)]]
    end
  end

  # Patterns: a literal is frozen, but other patterns may not be, depending on Ruby.
  module Patterns
    SLUG = /\A[a-z-]+\z/
    ROUTE = Regexp.new("\\A/(?<name>\\w*)\\z")

    def self.call(env)
      [200, {}, [ROUTE.match(env["PATH_INFO"])[:name], SLUG.match?("a-b").to_s]]
    end
  end

  # A table of handlers.
  module Handlers
    ROUTES = { "/" => ->(_env) { "home" } }.freeze

    def self.call(env) = [200, {}, [ROUTES.fetch(env["PATH_INFO"]).call(env)]]
  end

  # A Set, which is built into Ruby 4.0.
  module Sets
    METHODS = Set["GET", "HEAD"].freeze

    def self.call(env) = [200, {}, [METHODS.include?(env["REQUEST_METHOD"]).to_s]]
  end

  # The superclass that has the constant.
  class Base
    TITLES = ["Kino"].map(&:dup)

    def self.call(_env) = [200, {}, [title]]
    def self.title = "base"
  end

  # Reads a constant of its superclass.
  class Heir < Base
    def self.title = TITLES.first
  end

  # Computes the name of the constant.
  module ByName
    PAGE_HOME = +"home"

    def self.call(_env) = [200, {}, [const_get(:"PAGE_#{"home".upcase}")]]
  end

  # Reads another module's constant by its full name.
  module Elsewhere
    def self.call(_env) = [200, {}, [Constants::Forgotten::HEADERS.size.to_s]]
  end

  # Reads Ruby's own constants.
  module Rubys
    def self.call(_env)
      [200, {}, [RUBY_VERSION, RUBY_PLATFORM, Float::INFINITY.to_s, File::SEPARATOR, Encoding::UTF_8.name, __FILE__,
                 Digest::SHA256.hexdigest("a"), ENV.fetch("PATH", ""), ENV.key?("HOME").to_s]]
    end
  end

  # The arguments of the program.
  module Arguments
    def self.call(_env) = [200, {}, [ARGV.size.to_s]]
  end
end

CheckApps.app("constants, frozen all the way") { Constants::Frozen }
CheckApps.app("constant, frozen on top only", blames: /NAMES/) { Constants::Shallow }
CheckApps.app("constant, not frozen", blames: /HEADERS/) { Constants::Forgotten }
CheckApps.app("constant, not frozen, that no request reads") { Constants::Unread }
CheckApps.app("constant under shareable_constant_value") { Constants::Commented }
CheckApps.app("cache in a constant", blames: /CACHE/) { Constants::Cached }
CheckApps.app("Mutex in a constant", blames: /LOCK/) { Constants::Locked }
CheckApps.app("Logger in a constant", blames: /LOGGER/) { Constants::Logging }
CheckApps.app("ERB in a constant", blames: /PAGE/) { Constants::Templated }
CheckApps.app("Regexp in a constant", blames: /ROUTE/) { Constants::Patterns }
CheckApps.app("lambdas in a constant", blames: /ROUTES/) { Constants::Handlers }
CheckApps.app("Set in a constant", blames: /METHODS/) { Constants::Sets }
CheckApps.app("constant of a superclass", blames: /TITLES/) { Constants::Heir }
CheckApps.app("constant through const_get", blames: /PAGE_HOME|const_get/) { Constants::ByName }
CheckApps.app("constant of another module", blames: /HEADERS/) { Constants::Elsewhere }
CheckApps.app("constants of Ruby, ENV", blames: /PATH|ENV/) { Constants::Rubys }
CheckApps.app("ARGV", blames: /ARGV/) { Constants::Arguments }
