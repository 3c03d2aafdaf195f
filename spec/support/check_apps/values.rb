# frozen_string_literal: true

# The values that a variable, a constant or a call may have.
module CheckValues
  BAD = [+"x"]

  # Works in a Ractor.
  module Ok
    def self.call(_env) = [200, {}, ["ok"]]
  end

  # Raises in a Ractor.
  module Worse
    def self.call(_env) = [200, {}, [BAD.first]]
  end

  # A body around a body.
  class Upcased
    def initialize(body) = @body = body
    def each(&block) = @body.each { |part| block.call(part.upcase) }
  end

  module Wrapped
    def self.call(_env) = [200, {}, Upcased.new(Upcased.new(%w[hello])).each { |part| part }]
  end

  # True or false, depending on the request.
  module Refusing
    def self.asked?(env) = env["HTTP_COOKIE"] ? true : false
    def self.call(env) = asked?(env) ? [200, {}, ["hi"]] : [401, {}, [BAD.first]]
  end

  # The same, the other way around.
  module Admitting
    def self.asked?(env) = env["HTTP_X_ASKED"] ? true : false
    def self.call(env) = asked?(env) ? [200, {}, ["hi"]] : [401, {}, [BAD.first]]
  end

  # A module or nil, tested with nil?.
  module NilOrNot
    def self.call(env)
      found = env["HTTP_X_FOUND"] ? Ok : nil
      [200, {}, [found.nil? ? BAD.first : "hi"]]
    end
  end

  # A module or nil, called with &.
  module Careful
    def self.call(env)
      found = env["HTTP_X_FOUND"] ? Ok : nil
      found&.call(env) || [200, {}, [BAD.first]]
    end
  end

  # A block finds the value.
  module FoundByBlock
    def self.call(env)
      user = nil
      env.each { |name, value| user = value if name == "PATH_INFO" }
      user ? [200, {}, [BAD.first]] : [401, {}, ["no"]]
    end
  end

  # A block clears the variable.
  module ClearedByBlock
    def self.call(_env)
      wrong = true
      [1].each { wrong = false }
      [200, {}, [wrong ? BAD.first : "hi"]]
    end
  end

  # A rescue clears the variable.
  module SetByRescue
    def self.call(env)
      number = 1
      begin
        Integer(env["PATH_INFO"])
      rescue ArgumentError
        number = nil
      end
      [200, {}, [number ? "hi" : BAD.first]]
    end
  end

  # A block sets parameters.
  module ParameterByBlock
    def self.found(env, user = nil, other: nil)
      env.each { |name, value| user = other = value if name == "PATH_INFO" }
      user && other
    end

    def self.call(env) = found(env, nil, other: nil) ? [200, {}, [BAD.first]] : [401, {}, ["no"]]
  end

  # A variable that is set on one path only.
  module SetPerhaps
    def self.call(env)
      user = Ok if env["HTTP_X_USER"]
      [1].each { BAD.first unless user }
      [200, {}, ["hi"]]
    end
  end

  # A default that a splat overrides.
  module SplatOverDefault
    def self.show(env = nil) = [1].each { BAD.first if env }

    def self.call(env)
      arguments = [env]
      show(*arguments)
      [200, {}, ["hi"]]
    end
  end

  # One of two modules: the good one.
  module OneOfTwo
    def self.call(env) = (env["HTTP_X_WORSE"] ? Worse : Ok).call(env)
  end

  # One of two modules: the bad one.
  module OtherOfTwo
    def self.call(env) = (env["HTTP_COOKIE"] ? Worse : Ok).call(env)
  end

  # Changes one of two objects, of which a Ractor may change only one.
  class FrozenOrFresh
    NAMES = %w[a].freeze

    class << self
      attr_accessor :last
    end

    def self.call(env)
      names = env["HTTP_X_NAMES"] ? NAMES : []
      names << "b"
      (env["HTTP_X_NAMES"] ? self : Class.new { attr_accessor :last }.new).last = "c"
      [200, {}, names]
    end
  end

  # A page whose body is read later.
  class Page
    def each(&) = BAD.each(&)
    def self.call(_env) = [200, {}, new]
  end

  # The body belongs to an object that may be nil.
  module PageOrNothing
    def self.call(env)
      page = env["HTTP_COOKIE"] ? Page : nil
      return [404, {}, []] unless page

      page.call(env)
    end
  end

  # A Hash that may lack the path.
  module Routed
    ROUTES = { "/a" => Ok }.freeze

    def self.call(env)
      handler = ROUTES[env["PATH_INFO"]]
      return [404, {}, [BAD.first]] unless handler

      handler.call(env)
    end
  end

  # A Hash with a default.
  module RoutedByDefault
    ROUTES = Hash.new(Worse).merge({ "/a" => Ok }).freeze
    def self.call(env) = ROUTES[env["PATH_INFO"]].call(env)
  end

  # fetch with a default.
  module FetchedDefault
    ROUTES = { "/a" => Ok }.freeze
    def self.call(env) = ROUTES.fetch(env["PATH_INFO"], Worse).call(env)
  end

  # fetch with a block.
  module FetchedBlock
    ROUTES = { "/a" => Ok }.freeze
    def self.call(env) = ROUTES.fetch(:b) { Worse }.call(env)
  end

  # Both keys exist, so the default does not matter.
  module FetchedLiteral
    ROUTES = { a: Ok }.freeze
    LIST = [Ok].freeze

    def self.call(env)
      ROUTES.fetch(:a) { BAD.first }.call(env) if ROUTES[:b]
      LIST[1] ? BAD.first : LIST.fetch(0, Worse).call(env)
    end
  end

  # find that finds nothing.
  module FoundNothing
    LIST = [Ok].freeze
    def self.call(_env) = [200, {}, [LIST.find { |one| one == 3 } ? "hi" : BAD.first]]
  end

  # The first elements of an Array.
  module FirstOfMany
    LIST = [Worse].freeze
    def self.call(env) = LIST.first(1).map { |one| one.call(env) }.first
  end

  # The block gets an index as well as the element.
  module Numbered
    LIST = [Ok].freeze

    def self.call(_env)
      LIST.each_with_index { |_one, index| BAD.first if index }
      [200, {}, ["hi"]]
    end
  end

  # find in a Hash returns a pair.
  module FoundPair
    ROUTES = { "/a" => nil }.freeze
    def self.call(_env) = [200, {}, [ROUTES.find { |_path, one| one.nil? } ? BAD.first : "hi"]]
  end

  # An object that changes as it is used.
  class Door
    def initialize = @open = false
    def step = @open ? BAD.first : (@open = true)

    def self.call(_env)
      door = new
      2.times { door.step }
      [200, {}, ["hi"]]
    end
  end

  # The same with an accessor.
  class Desk
    attr_accessor :open

    def initialize = @open = false
    def look = @open ? BAD.first : "hi"

    def self.call(_env)
      desk = new
      [200, {}, Array.new(2) { desk.look.tap { desk.open = true } }]
    end
  end

  # An instance variable that is set on one path only.
  class Chest
    def initialize(env)
      @open = true if env["HTTP_X_OPEN"]
    end

    def look = @open ? "hi" : BAD.first
    def self.call(env) = [200, {}, [new(env).look]]
  end

  # One of many modules, called in a block.
  module OneOfMany
    def self.call(env)
      handler = if env["HTTP_X_A"] then Ok
                elsif env["HTTP_X_B"] then Page
                elsif env["HTTP_X_C"] then Routed
                else Worse
                end
      [200, {}, ["a"].map { handler.call(env)[2].first }]
    end
  end

  # A block that iterates one list or another.
  module OneOfLists
    GOOD = [Ok].freeze
    WORSE = [Worse].freeze

    def self.call(env) = (env["HTTP_X_GOOD"] ? GOOD : WORSE).map { |one| one.call(env) }.first
  end

  # A router that looks for the handler.
  module SearchedRoutes
    ROUTES = { "/" => Worse }.freeze

    def self.call(env)
      _, handler = ROUTES.find { |path, _handler| path == env["PATH_INFO"] }
      handler.call(env)
    end
  end

  # The same with detect.
  module SearchedLast
    ROUTES = { "/" => Worse }.freeze
    def self.call(env) = ROUTES.detect { |path, _handler| path == env["PATH_INFO"] }.last.call(env)
  end

  # Middleware that passes on the body of its app.
  module HandingOn
    def self.call(env)
      status, headers, body = Page.call(env)
      [status, headers.merge("x-a" => "b"), body]
    end
  end

  # An object whose handler may be replaced, but hardly ever is.
  class Shelf
    attr_accessor :handler

    def initialize(handler) = @handler = handler
    def call(env) = handler.is_a?(Module) && @handler.call(env)
    def self.call(env) = new(Worse).call(env)
  end

  # Two objects of a class.
  module TwoShelves
    def self.call(env)
      Shelf.new(Ok).call(env)
      Shelf.new(Worse).call(env)
    end
  end
end

CheckApps.app("body around a body of its kind") { CheckValues::Wrapped }
CheckApps.app("predicate that is true here") { CheckValues::Refusing }
CheckApps.app("predicate that is false here", blames: /BAD/) { CheckValues::Admitting }
CheckApps.app("nil? of what may be nil", blames: /BAD/) { CheckValues::NilOrNot }
CheckApps.app("&. of what may be nil", blames: /BAD/) { CheckValues::Careful }
CheckApps.app("variable that a block sets", blames: /BAD/) { CheckValues::FoundByBlock }
CheckApps.app("variable that a block clears") { CheckValues::ClearedByBlock }
CheckApps.app("variable that a rescue clears", blames: /BAD/) { CheckValues::SetByRescue }
CheckApps.app("parameters that a block sets", blames: /BAD/) { CheckValues::ParameterByBlock }
CheckApps.app("variable that is set on one way only", blames: /BAD/) { CheckValues::SetPerhaps }
CheckApps.app("default of a parameter that a splat gives", blames: /BAD/) { CheckValues::SplatOverDefault }
CheckApps.app("one of two, the good one") { CheckValues::OneOfTwo }
CheckApps.app("one of two, the bad one", blames: /BAD/) { CheckValues::OtherOfTwo }
CheckApps.app("one of two is changed") { CheckValues::FrozenOrFresh }
CheckApps.app("body of what may be nil", blames: /BAD/) { CheckValues::PageOrNothing }
CheckApps.app("Hash#[] that finds nothing", blames: /BAD/) { CheckValues::Routed }
CheckApps.app("Hash#[] that gives the default", blames: /BAD/) { CheckValues::RoutedByDefault }
CheckApps.app("fetch with a default", blames: /BAD/) { CheckValues::FetchedDefault }
CheckApps.app("fetch with a block", blames: /BAD/) { CheckValues::FetchedBlock }
CheckApps.app("fetch of what is there") { CheckValues::FetchedLiteral }
CheckApps.app("find that finds nothing", blames: /BAD/) { CheckValues::FoundNothing }
CheckApps.app("first(1)", blames: /BAD/) { CheckValues::FirstOfMany }
CheckApps.app("each_with_index", blames: /BAD/) { CheckValues::Numbered }
CheckApps.app("find in a Hash", blames: /BAD/) { CheckValues::FoundPair }
CheckApps.app("instance variable that a method sets", blames: /BAD/) { CheckValues::Door }
CheckApps.app("instance variable that an accessor sets", blames: /BAD/) { CheckValues::Desk }
CheckApps.app("instance variable that is set on one way only", blames: /BAD/) { CheckValues::Chest }
CheckApps.app("one of many, in a block", blames: /BAD/) { CheckValues::OneOfMany }
CheckApps.app("elements of one of two lists", blames: /BAD/) { CheckValues::OneOfLists }
CheckApps.app("handler of the pair that is found", blames: /BAD/) { CheckValues::SearchedRoutes }
CheckApps.app("last of the pair that is found", blames: /BAD/) { CheckValues::SearchedLast }
CheckApps.app("body that is handed on", blames: /BAD/) { CheckValues::HandingOn }
CheckApps.app("instance variable that could be set", blames: /BAD/) { CheckValues::Shelf }
CheckApps.app("objects that are given different things", blames: /BAD/) { CheckValues::TwoShelves }
