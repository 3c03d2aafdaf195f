# frozen_string_literal: true

# How a request avoids code that would raise: it leaves a block early.
module Exits
  NOT_FOUND = [404, {}, ["not found"]]
  ROUTES = ["/"].freeze
  FOUND = [200, {}.freeze, ["hi"].freeze].freeze

  # The most common router.
  module Router
    def self.call(env)
      ROUTES.each { |path| return FOUND if env["PATH_INFO"] == path }
      NOT_FOUND
    end
  end

  # All kinds of blocks that leave the method before it goes on.
  module Blocks
    class << self
      def call(env)
        ways = %i[routed tapped looped fetched yielded around broken rescued]
        ways.map { |way| public_send(way, env) } && FOUND
      end

      def routed(env) = Router.call(env)

      def tapped(_env)
        1.tap { |one| return FOUND if one }
        NOT_FOUND
      end

      def looped(env)
        loop { return FOUND if env }
        NOT_FOUND
      end

      def fetched(env)
        env.fetch("nothing") { return FOUND }
        NOT_FOUND
      end

      def yielded(_env)
        1.then { each_route { |path| return FOUND if path } }
        NOT_FOUND
      end

      def each_route = yield("/")
      def around(_env) = logged { return FOUND }
      def broken(env) = logged { break if env }

      def logged
        yield
        NOT_FOUND.size
      end

      def rescued(env)
        begin
          Integer(env["PATH_INFO"])
        rescue ArgumentError
          return FOUND
        end
        NOT_FOUND
      end
    end
  end

  # The block returns from the method.
  module Found
    def self.find(env)
      ROUTES.each { |path| return path if env["PATH_INFO"] == path }
      nil
    end

    def self.call(env) = find(env) ? [200, {}, [NOT_FOUND.size.to_s]] : FOUND
  end

  # Raises before the block can return.
  module Before
    def self.call(env)
      NOT_FOUND.each { |part| return FOUND if part == env["PATH_INFO"] }
      FOUND
    end
  end
end

CheckApps.app("returns out of blocks") { Exits::Blocks }
CheckApps.app("return in the block of each, and a request that finds none", paths: ["/", "/none"],
                                                                            blames: /NOT_FOUND/) { Exits::Router }
CheckApps.app("return in a block, of what is asked for later", blames: /NOT_FOUND/) { Exits::Found }
CheckApps.app("return in a block, behind what raises", blames: /NOT_FOUND/) { Exits::Before }
