# frozen_string_literal: true

# How a request reaches the code that goes wrong.
module Calls
  TABLE = { "a" => 1 }

  # Reads the table on one path only.
  module Rare
    def self.call(env)
      return [200, {}, [TABLE.size.to_s]] if env["PATH_INFO"] == "/rare"

      [200, {}, ["hi"]]
    end
  end

  # Rescues the error, and does something else.
  module Rescued
    def self.call(_env) = [200, {}, [table_size.to_s]]

    def self.table_size
      TABLE.size
    rescue Ractor::IsolationError
      0
    end
  end

  # Calls through several objects.
  class Controller
    def self.call(env) = new(Repository.new).show(env)
    def initialize(repository) = @repository = repository
    def show(_env) = [200, {}, [View.new(@repository.find(1)).render]]
  end

  # The object in the middle of the calls.
  class Repository
    def find(id) = Mapper.new.load(id)
  end

  # The object at the end of the calls, which reads the unfrozen constant.
  class Mapper
    CONVERTERS = { id: :to_s }

    def load(id) = { id: id.public_send(CONVERTERS.fetch(:id)) }
  end

  # Harmless: renders the record.
  class View
    def initialize(record) = @record = record
    def render = @record.inspect
  end

  # Makes the same calls, with a harmless end.
  class GoodController < Controller
    def self.call(env) = new(GoodRepository.new).show(env)
  end

  # The harmless end.
  class GoodRepository < Repository
    def find(id) = { id: }
  end

  # Reads the constant only when the body is read.
  class LazyBody
    PARTS = %w[a b].map(&:dup)

    def each(&) = PARTS.each(&)
    def self.call(_env) = [200, {}, [].equal?(nil) ? [] : new]
  end

  # A streamed body, made in the request.
  module Streamed
    def self.call(env)
      path = env["PATH_INFO"]
      [200, {}, proc { |stream| stream.write("hi ", path) }]
    end
  end

  # Blocks, symbols and yields within the request.
  module Blocks
    def self.call(env)
      words = %w[b a].sort_by { |word| [word, env["PATH_INFO"]] }.each_with_object([]) { |word, all| all << word }
      numbers = Enumerator.new { |yielder| yielder << 1 }
      [200, {}, [twice { words.map(&:upcase) }.join, %w[1 2].sum(&:to_i).to_s, numbers.next.to_s]]
    end

    def self.twice = [yield, yield]
  end

  # A thread, fiber and queue for the request.
  module Concurrent
    def self.call(_env)
      queue = Queue.new
      thread = Thread.new { queue << Fiber.new { "from a fiber" }.resume }
      thread.join
      [200, {}, [queue.pop, Mutex.new.synchronize { "alone" }]]
    end
  end

  # A wrapper around another app, as middleware is written.
  class Wrapper
    def initialize(app) = @app = app

    def call(env)
      status, headers, body = @app.call(env)
      [status, headers.merge("x-wrapped" => "1"), body]
    end
  end
end

CheckApps.app("what raises stands on a rare path", paths: ["/", "/rare"], blames: /TABLE/) { Calls::Rare }
CheckApps.app("what raises stands on a path that nobody asks for") { Calls::Rare }
CheckApps.app("what raises is rescued") { Calls::Rescued }
CheckApps.app("what raises stands four calls deep", blames: /CONVERTERS/) { Calls::Controller }
CheckApps.app("the same calls, and nothing raises") { Calls::GoodController }
CheckApps.app("body that raises when it is read", blames: /PARTS/) { Calls::LazyBody }
CheckApps.app("streamed body") { Calls::Streamed }
CheckApps.app("blocks within the request") { Calls::Blocks }
CheckApps.app("threads, fibers and queues within the request") { Calls::Concurrent }
CheckApps.app("middleware, frozen, around a module") do
  Ractor.make_shareable(Calls::Wrapper.new(Calls::Wrapper.new(Calls::Blocks)))
end
CheckApps.app("middleware around what raises", blames: /CONVERTERS/) do
  Ractor.make_shareable(Calls::Wrapper.new(Calls::Controller))
end
