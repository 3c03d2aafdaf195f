# frozen_string_literal: true

require "singleton"

# Places where apps keep state that outlives a request.
module State
  # The classic counter.
  class ClassVariable
    @@count = 0

    def self.call(_env) = [200, {}, [(@@count += 1).to_s]]
  end

  # A Ractor may not even read class variables.
  class ReadClassVariable
    @@title = "Kino"

    def self.call(_env) = [200, {}, [@@title]]
  end

  # A global variable that is written.
  module Global
    $requests = 0

    def self.call(_env) = [200, {}, [($requests += 1).to_s]]
  end

  # Global variables that each Ractor, thread or method has for itself.
  module LocalGlobals
    def self.call(env)
      env["PATH_INFO"] =~ %r{\A(/)}
      $stderr.sync
      [200, {}, [$1, $~[0], $$.to_s, $!.to_s]]
    end
  end

  # $LOAD_PATH belongs to the main Ractor.
  module LoadPath
    def self.call(_env) = [200, {}, [$LOAD_PATH.size.to_s]]
  end

  # Memoized by the first request.
  class Memo
    def self.call(_env) = [200, {}, [page]]
    def self.page = @page ||= "computed once"
  end

  # Memoized at load, with a frozen value.
  class EarlyFrozen
    def self.page = @page ||= "computed once"
    page

    def self.call(_env) = [200, {}, [page]]
  end

  # Memoized at load, with an unfrozen value.
  class EarlyUnfrozen
    def self.pages = @pages ||= { "/" => "home" }
    pages

    def self.call(env) = [200, {}, [pages.fetch(env["PATH_INFO"])]]
  end

  # Memoized at load, made shareable.
  class EarlyShared
    def self.pages = @pages ||= Ractor.make_shareable({ "/" => "home".dup })
    pages

    def self.call(env) = [200, {}, [pages.fetch(env["PATH_INFO"])]]
  end

  # Settings on the class, set at load.
  class Settings
    class << self
      attr_accessor :title, :options
    end
    self.title = "Kino"
    self.options = { deep: true }

    def self.call(_env) = [200, {}, [title]]
  end

  # The same, but the request reads the unfrozen options.
  class UnfrozenSettings < Settings
    self.options = { deep: true }

    def self.call(_env) = [200, {}, [options.to_s]]
  end

  # A class that notes the last request.
  class Noting
    class << self
      attr_accessor :last
    end

    def self.call(env)
      self.last = env["PATH_INFO"]
      [200, {}, [last]]
    end
  end

  # The only object of a class.
  class One
    include Singleton

    def title = "one"
    def self.call(_env) = [200, {}, [instance.title]]
  end

  # A cache for each thread.
  module ThreadLocal
    def self.call(_env)
      cache = (Thread.current[:cache] ||= {})
      cache[:hits] = cache.fetch(:hits, 0) + 1
      Thread.current.thread_variable_set(:hits, cache[:hits])
      [200, {}, [cache[:hits].to_s]]
    end
  end

  # A cache for each Ractor.
  module RactorLocal
    def self.call(_env)
      Ractor.current[:cache] ||= {}
      hits = Ractor.store_if_absent(:hits) { [] }
      [200, {}, [(hits << 1).size.to_s, Ractor.current[:cache].size.to_s]]
    end
  end

  # A pool of connections.
  class Pool
    def initialize(size) = @idle = Queue.new(Array.new(size) { Object.new })

    def with
      connection = @idle.pop
      yield connection
    ensure
      @idle << connection
    end
  end

  # A pool that all requests share.
  module Pooled
    POOL = Pool.new(2)

    def self.call(_env) = [200, {}, [POOL.with(&:to_s)]]
  end

  # A pool for each Ractor.
  module PoolEach
    def self.pool = Ractor.store_if_absent(:pool) { Pool.new(2) }
    def self.call(_env) = [200, {}, [pool.with(&:to_s)]]
  end

  # Counts and lists objects.
  module Objects
    def self.call(_env) = [200, {}, [ObjectSpace.count_objects.size.to_s, ObjectSpace.each_object(Class).first.to_s]]
  end
end

CheckApps.app("class variable", blames: /@@count/) { State::ClassVariable }
CheckApps.app("class variable that is only read", blames: /@@title/) { State::ReadClassVariable }
CheckApps.app("global variable", blames: /\$requests/) { State::Global }
CheckApps.app("global variables that are local") { State::LocalGlobals }
CheckApps.app("$LOAD_PATH", blames: /\$LOAD_PATH|\$:/) { State::LoadPath }
CheckApps.app("memo on a class", blames: /@page/) { State::Memo }
CheckApps.app("memo on a class, filled at load, frozen") { State::EarlyFrozen }
CheckApps.app("memo on a class, filled at load, not frozen", blames: /@pages/) { State::EarlyUnfrozen }
CheckApps.app("memo on a class, filled at load, made shareable") { State::EarlyShared }
CheckApps.app("settings on a class") { State::Settings }
CheckApps.app("settings on a class, not frozen", blames: /@options|options/) { State::UnfrozenSettings }
CheckApps.app("class that notes a request", blames: /@last|last/) { State::Noting }
CheckApps.app("Singleton", blames: /singleton|One/i) { State::One }
CheckApps.app("thread-local variables") { State::ThreadLocal }
CheckApps.app("Ractor-local variables") { State::RactorLocal }
CheckApps.app("pool of connections in a constant", blames: /POOL/) { State::Pooled }
CheckApps.app("pool of connections for each Ractor") { State::PoolEach }
CheckApps.app("ObjectSpace", blames: /ObjectSpace/) { State::Objects }
