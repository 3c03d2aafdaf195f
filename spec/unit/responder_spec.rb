# frozen_string_literal: true

require "pathname"
require "support/fake_native"

RSpec.describe Kino::Responder do
  subject(:responder) { described_class.new(native) }

  let(:native) { FakeNative.new }
  let(:env) do
    { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/", "QUERY_STRING" => "", "SERVER_PROTOCOL" => "HTTP/1.1",
      "rack.input" => Kino::Rack::NULL_INPUT, "rack.response_finished" => [] }
  end
  let(:notes) { native.notes }

  # A body that responds to each, or to the given method, and notes when it is closed.
  def body(name = :each, close: nil, &work)
    log = notes
    Object.new.tap do |object|
      object.define_singleton_method(name, &work)
      object.define_singleton_method(:close) do
        log << [:close]
        close&.call
      end
    end
  end

  def respond(body, status: 200, headers: {})
    native.take # each answer is to a request of its own
    responder.respond(env, status, headers, body)
  end

  def logged(line, &) = expect(&).to(output(line).to_stderr)

  def silently(&) = expect(&).not_to(output.to_stderr)

  describe "a body" do
    it "with to_ary is sent at once; to_ary closes it" do
      respond(body(:to_ary) { %w[a b] })
      expect(notes).to eq([[:answer, 200, {}, %w[a b]]])
    end

    it "with to_ary is streamed if its length differs from its content-length" do
      native.failure = Kino::LengthMismatchError.new("no")
      respond(body(:to_ary) { %w[a b] })
      expect(notes).to eq([[:stream, 200, {}], [:write, "a"], [:write, "b"], [:finish]])
    end

    it "with each is written chunk by chunk and closed" do
      respond(body { |&block| %w[a b].each(&block) })
      expect(notes).to eq([[:stream, 200, {}], [:write, "a"], [:write, "b"], [:finish], [:close]])
    end

    it "with each that yields nothing is sent too" do
      respond(body { nil })
      expect(notes).to eq([[:stream, 200, {}], [:finish], [:close]])
    end

    it "with call is given a stream" do
      respond(body(:call) { |stream| stream << stream.read << "a" })
      expect(notes).to eq([[:stream, 200, {}], [:write, ""], [:write, "a"], [:finish], [:close]])
    end

    it "with each and call is sent by each" do
      both = body { |&block| block.call("each") }
      both.define_singleton_method(:call) { |stream| stream << "call" }
      respond(both)
      expect(notes).to include([:write, "each"])
    end

    it "is not enumerated on HEAD, 204 and 304, but closed" do
      [["HEAD", 200], ["GET", 204], %w[GET 204], ["GET", 304]].each do |method, status|
        native.is_head = method == "HEAD"
        respond(body { raise "asked" }, status:)
        expect(notes.slice!(0..)).to eq([[:stream, status, {}], [:finish], [:close]])
      end
    end

    it "is invalid without any of these methods" do
      logged(/InvalidResponseError: a body must respond to to_ary, each or call; Object does not/) do
        respond(Object.new)
      end
      expect(notes).to eq([[:answer, *Kino::Failure::ANSWER]])
    end

    it "must yield Strings" do
      logged(/InvalidResponseError: a body must yield Strings, got Symbol/) do
        respond(body do |&block|
          block.call(:a)
        end)
      end
      expect(notes).to eq([[:close], [:answer, *Kino::Failure::ANSWER]])
    end
  end

  describe "a body that fails" do
    it "before its first chunk becomes a 500" do
      logged(/\Akino: RuntimeError: no/) { respond(body { raise "no" }) }
      expect(notes).to eq([[:close], [:answer, *Kino::Failure::ANSWER]])
    end

    it "after its first chunk is broken off" do
      failing = proc do |&block|
        block.call("a")
        raise "no"
      end
      logged(/\Akino: RuntimeError: no/) { respond(body(&failing)) }
      expect(notes).to eq([[:stream, 200, {}], [:write, "a"], [:abort], [:close]])
    end

    it "in call is broken off" do
      logged(/\Akino: RuntimeError: no/) { respond(body(:call) { |_stream| raise "no" }) }
      expect(notes).to eq([[:stream, 200, {}], [:abort], [:close]])
    end

    it "because the client has left is not logged" do
      silently { respond(body(:call) { |_stream| raise Kino::DisconnectedError, "gone" }) }
      expect(notes).to eq([[:stream, 200, {}], [:abort], [:close]])
    end

    it "in close does not change the answer" do
      logged(/\Akino: RuntimeError: closing/) do
        respond(body(close: lambda {
          raise "closing"
        }) { |&block| block.call("a") })
      end
      expect(notes).to eq([[:stream, 200, {}], [:write, "a"], [:finish], [:close]])
    end

    it "with an invalid head is closed" do
      native.failure = Kino::InvalidResponseError.new("bad header")
      logged(/InvalidResponseError: bad header/) { respond(body { |&block| block.call("a") }) }
      expect(notes).to eq([[:close], [:answer, *Kino::Failure::ANSWER]])
    end

    # What ends the worker must not leave the client waiting for the rest.
    {
      "an exception that is no StandardError" => -> { raise NoMemoryError },
      "throw" => -> { throw :away },
      "the end of its thread" => -> { Thread.current.kill }
    }.each do |name, leave|
      it "by #{name} is broken off and closed" do
        enumerable = body { |&block| block.call("a").then { leave.call } }
        callable = body(:call) { |stream| stream.write("a").then { leave.call } }
        [enumerable, callable].each do |body|
          Thread.new do
            catch(:away) { respond(body) }
          rescue NoMemoryError
            nil
          end.join
          expect(notes.slice!(0..)).to eq([[:stream, 200, {}], [:write, "a"], [:abort], [:close]])
        end
      end
    end
  end

  describe "a length that differs from content-length" do
    { short: "shorter than its content-length: it was broken off", cut: "longer than its content-length: it was cut" }
      .each do |what, words|
      it "is logged where it is #{what}" do
        native.ending = [what, 3]
        logged(%r{\Akino: Kino::InvalidResponseError: the body is 3 bytes #{words} \(GET / HTTP/1\.1\)\n}) do
          responder.stream_array(env, 200, {}, %w[a b])
        end
        expect(notes).to eq([[:stream, 200, {}], [:write, "a"], [:write, "b"], [:finish]])
      end
    end
  end

  # All of this is logged as well.
  describe "the hook for errors" do
    let(:told) { [] }
    let(:responder) { described_class.new(native, on_error: ->(*all) { told << all }) }

    it "gets what close raises, once" do
      logged(/\Akino: RuntimeError: closing/) { respond(body(close: -> { raise "closing" }) { nil }) }
      expect(told).to match([[have_attributes(message: "closing"), env]])
      expect(notes).to eq([[:stream, 200, {}], [:finish], [:close]])
    end

    it "gets what each raises, and what close raises then" do
      logged(/closing.*broken/m) { respond(body(close: -> { raise "closing" }) { raise "broken" }) }
      expect(told.map { |error, _| error.message }).to eq(%w[closing broken])
    end

    it "gets an error once for a body that is longer or shorter than its content-length" do
      { cut: "longer", short: "shorter" }.each do |what, word|
        native.ending = [what, 3]
        logged(/3 bytes #{word}/) { respond(body { nil }) }
        expect(told.slice!(0..)).to match(
          [[be_a(Kino::InvalidResponseError).and(have_attributes(message: /3 bytes #{word}/)), env]]
        )
      end
    end

    it "gets what each rack.response_finished raises" do
      2.times { |number| env["rack.response_finished"] << ->(*) { raise "finished #{number}" } }
      logged(/finished 1.*finished 0/m) { respond([]) }
      expect(told.map { |error, at| [error.message, at.equal?(env)] })
        .to eq([["finished 1", true], ["finished 0", true]])
    end

    it "gets what they raise if the worker dies" do
      env["rack.response_finished"] << ->(*) { raise "at the end" }
      logged(/at the end/) { responder.finish_abandoned(env) }
      expect(told.map { |error, _| error.message }).to eq(["at the end"])
    end

    it "is not called because the client has left" do
      gone = -> { raise Kino::DisconnectedError, "gone" }
      env["rack.response_finished"] << ->(*) { gone.call }
      silently { respond(body(close: gone) { gone.call }) }
      expect(told).to eq([])
    end
  end

  describe "to_path" do
    let(:sent) { native.sent_files }

    def with_path(path)
      enumerable = body { |&block| block.call("each") }
      enumerable.define_singleton_method(:to_path) { path }
      enumerable
    end

    {
      "a String" => "/a", "a Pathname" => Pathname("/a"), "a File" => Struct.new(:to_path).new("/a"),
      "like a String" => Struct.new(:to_str).new("/a")
    }.each do |what, path|
      it "may be #{what}" do
        respond(with_path(path))
        expect([sent, notes]).to eq([["/a"], [[:close]]])
      end
    end

    { "nil" => nil, "false" => false, "an Integer" => 1, "a Pathname with NUL" => Struct.new(:to_path).new("a\0b"),
      "a Pathname in UTF-16" => Struct.new(:to_path).new("a".encode("UTF-16LE")) }.each do |what, path|
      it "that is #{what} leaves the body to be enumerated" do
        respond(with_path(path))
        expect([sent, notes]).to eq([[], [[:stream, 200, {}], [:write, "each"], [:finish], [:close]]])
      end
    end
  end

  describe "rack.response_finished" do
    it "is called last, the last registered first, with what was sent" do
      2.times { |number| env["rack.response_finished"] << ->(*all) { notes << [number, *all] } }
      respond(body { nil }, headers: { "a" => "b" })
      expect(notes.last(2)).to eq([[1, env, 200, { "a" => "b" }, nil], [0, env, 200, { "a" => "b" }, nil]])
    end

    it "gets the error" do
      env["rack.response_finished"] << ->(*, error) { notes << [error.message] }
      logged(/no/) { respond(body { raise "no" }) }
      expect(notes.last).to eq(["no"])
    end

    it "is called even if another one raises" do
      env["rack.response_finished"] << ->(*) { notes << [:called] } << ->(*) { raise "no" }
      logged(/\Akino: RuntimeError: no/) { respond([]) }
      expect(notes.last).to eq([:called])
    end

    # What the worker does when it dies.
    def die
      yield
    ensure
      responder.finish_abandoned(env)
    end

    it "gets what the worker died of if the body ended it" do
      env["rack.response_finished"] << ->(_, *rest) { notes << rest }
      expect { die { respond(body { exit(3) }, status: 201) } }.to raise_error(SystemExit)
      expect(notes.last).to match([201, {}, be_a(SystemExit)])
      env["rack.response_finished"] = [->(_, *rest) { notes << rest }]
      Thread.new { die { respond(body { Thread.current.kill }) } }.join
      expect(notes.last).to match([200, {}, have_attributes(message: "its worker was killed")])
    end

    it "is called for each once, with the outcome of the answer, even if one of them calls exit" do
      env["rack.response_finished"] << ->(_, *rest) { notes << rest } << ->(*) { exit } << ->(*) { notes << [:last] }
      expect { die { respond([], status: 202) } }.to raise_error(SystemExit)
      expect(notes.last(2)).to eq([[:last], [202, {}, nil]])
      expect { responder.finish_abandoned(env) }.not_to(change(notes, :size))
    end

    it "gets the error even if on_error calls exit" do
      env["rack.response_finished"] << ->(_, *rest) { notes << rest }
      subject = described_class.new(native, on_error: ->(*) { exit })
      native.take
      logged(/no/) do
        expect { subject.respond(env, 200, {}, body { raise "no" }) }.to raise_error(SystemExit)
      end
      subject.finish_abandoned(env)
      expect(notes.last).to match([200, {}, have_attributes(message: "no")])
    end

    it "is called once if the app has frozen its env" do
      env["rack.response_finished"] << ->(*) { notes << [:called] }
      env.freeze
      respond([])
      responder.finish_abandoned(env)
      expect(notes.count([:called])).to eq(1)
    end

    it "is called once per request if the app uses the same array again" do
      callables = [->(*) { notes << [:called] }].freeze
      2.times do
        env["rack.response_finished"] = callables
        respond([])
      end
      responder.finish_abandoned(env)
      expect(notes.count([:called])).to eq(2)
    end

    it "may be missing from the env" do
      env.delete("rack.response_finished")
      silently { respond([]) }
    end
  end
end
