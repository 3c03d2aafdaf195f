# frozen_string_literal: true

require "support/apps/reporting"
require "support/rendezvous"

module Apps
  # Every kind of body. The query is the path of the {Rendezvous} to which it reports.
  module Bodies
    extend Routes

    class << self
      def frozen(_env) = [200, TEXT, %w[one two three].freeze].freeze

      def array(_env) = ok("one", "two", "three")

      def empty(_env) = [200, TEXT.dup, []]

      def big_array(_env) = [200, TEXT.dup, ["x" * 3_000_000, "y" * 3_000_000]]

      def each(env) = [200, TEXT.dup, Reporting.new(env["QUERY_STRING"], "one", "two", "three")]

      def each_of_nothing(env) = [200, TEXT.dup, Reporting.new(env["QUERY_STRING"])]

      def each_sized(env) = [200, sized(6), Reporting.new(env["QUERY_STRING"], "one", "two")]

      def to_ary(env) = [200, TEXT.dup, Arrayed.new(env["QUERY_STRING"], "one", "two")]

      def enumerator(_env)
        [200, TEXT.dup, Enumerator.new { |chunks| 3.times { |number| chunks << number.to_s } }]
      end

      def empty_chunks(_env) = [200, TEXT.dup, ["", "one", "", "two", ""].each]

      def not_strings(env) = [200, TEXT.dup, Reporting.new(env["QUERY_STRING"], "one", :two)]

      def not_strings_first(env) = [200, TEXT.dup, Reporting.new(env["QUERY_STRING"], 1)]

      def array_of_others(_env) = [200, TEXT.dup, ["one", 2]]

      def no_body(_env) = [200, TEXT.dup, nil]

      def raises_at_once(env) = [200, TEXT.dup, Reporting.new(env["QUERY_STRING"], "one", fail_after: 0)]

      def raises_midway(env) = [200, TEXT.dup, Reporting.new(env["QUERY_STRING"], "one", "two", fail_after: 1)]

      def raises_at_the_end(env) = [200, sized(6), Reporting.new(env["QUERY_STRING"], "one", "two", fail_after: 2)]

      def bad_close(env) = [200, TEXT.dup, BadClose.new(env["QUERY_STRING"], "one")]

      def bad_header(env) = [200, { "x-bad" => "a\r\nx-smuggled: 1" }, Reporting.new(env["QUERY_STRING"], "one")]

      def slow_each(env) = [200, TEXT.dup, Slow.new(env["QUERY_STRING"], "first")]

      def late_surplus(env)
        path = env["QUERY_STRING"]
        env["rack.response_finished"] << lambda { |*, error|
          Rendezvous.tell(path, error ? "finished with #{error.class}" : "finished without an error")
        }
        [200, sized(4), Slow.new(path, "only")]
      end

      def endless(env) = [200, TEXT.dup, Endless.new(env["QUERY_STRING"])]

      def endless_stream(env)
        path = env["QUERY_STRING"]
        [200, TEXT.dup, lambda { |stream|
          stream << "start"
          Rendezvous.tell(path, lineage { loop { stream << ("x" * 1000) } })
        }]
      end

      def no_content(env) = [204, {}, Reporting.new(env["QUERY_STRING"], "none of this")]

      def no_content_array(_env) = [204, {}, ["none of this"]]

      def not_modified(_env) = [304, { "etag" => '"1"' }, []]

      def short_array(_env) = [200, sized(10), ["only"]]

      def long_array(_env) = [200, sized(4), ["onlythis"]]

      def short_each(env) = [200, sized(10), Reporting.new(env["QUERY_STRING"], "only")]

      def long_each(env) = [200, sized(4), Reporting.new(env["QUERY_STRING"], "on", "lyt", "his")]

      def sized_array(_env) = [200, sized(4), ["four"]]

      def bad_length(_env) = [200, { "content-length" => "4, 4" }, ["four"]]

      # Full duplex: responds to every five bytes as they arrive.
      def echo(_env)
        [200, TEXT.dup, lambda { |stream|
          while (word = stream.read(5))
            stream << word.upcase
          end
        }]
      end

      # Uses every method of a stream.
      def stream(env)
        path = env["QUERY_STRING"]
        [200, TEXT.dup, lambda { |stream|
          stream.write("a", 1, :b)
          stream.flush
          stream << stream.read(2) << stream.read.upcase
          stream.close_read
          stream.close_write
          Rendezvous.tell(path, [stream.closed?, outcome { stream.read }, outcome { stream.write("x") }].inspect)
        }]
      end

      def wait_first(env)
        path = env["QUERY_STRING"]
        [200, TEXT.dup, ->(stream) { stream << Rendezvous.ask(path, "called") }]
      end

      def stream_that_raises(_env)
        [200, TEXT.dup, lambda { |stream|
          stream << "begun"
          raise "no more"
        }]
      end

      # A lambda with close.
      def callable(env)
        path = env["QUERY_STRING"]
        body = ->(stream) { stream << "called" }
        body.define_singleton_method(:close) { Rendezvous.tell(path, "closed") }
        [200, TEXT.dup, body]
      end

      def finished(env)
        path = env["QUERY_STRING"]
        report = lambda do |name|
          lambda do |given, status, headers, error|
            Rendezvous.tell(path, [name, given.equal?(env), status, headers, error.class].inspect)
          end
        end
        env["rack.response_finished"] << report[:first] << ->(*) { raise "a bad one" } << report[:last]
        [201, TEXT.dup, ["done"]]
      end

      def finished_in_vain(env)
        path = env["QUERY_STRING"]
        env["rack.response_finished"] << ->(_, *rest) { Rendezvous.tell(path, rest.inspect) }
        raise "in vain"
      end

      private

      def sized(bytes) = { "content-type" => "text/plain", "content-length" => bytes.to_s }
    end
  end
end
