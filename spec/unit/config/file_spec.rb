# frozen_string_literal: true

require "tmpdir"
require "kino/config/file"
require "kino/config/settings"

RSpec.describe Kino::Config::File do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  def read(text)
    File.write("kino.rb", text)
    described_class.read("kino.rb")
  end

  def values(text) = read(text).transform_values(&:value)

  def expect_error(text, message)
    expect { read(text) }.to raise_error(Kino::ConfigError, message)
  end

  it "has a method for each directive, and records the line" do
    Kino::Config::Directives::ALL.select(&:flag).each do |directive|
      value = directive.type.several? ? [:a_value] : :a_value
      expect(read("# first\n#{directive.name} :a_value"))
        .to eq(directive.name => Kino::Config::Given.new(value:, source: "kino.rb:2"))
    end
  end

  it "adds addresses up, and names the first line" do
    expect(read("\nbind 'a', 'b'\nbind %w[c d]"))
      .to eq(bind: Kino::Config::Given.new(value: %w[a b c d], source: "kino.rb:2"))
    expect_error("bind", /\Akino.rb:1: bind takes one value, such as: bind "127.0.0.1"\z/)
  end

  it "is Ruby: conditions, methods, constants, other files" do
    File.write("more.rb", "batch 2")
    expect(values(<<~TEXT)).to eq(workers: 4, port: 8080, batch: 2)
      COUNT = 2
      def twice(number) = number * 2
      workers twice(COUNT) if true
      port ENV.fetch("NO_SUCH_PORT", 8080)
      instance_eval(File.read("more.rb"))
    TEXT
  end

  it "may define and call its own methods" do
    given = values("def shared(n) = n * 2\ndef reading = 1\ndef set = 3\nbatch shared(reading)\n" \
                   "after_worker_boot { |n| shared(n) + set + reading }")
    expect([given[:batch], given[:after_worker_boot].call(2)]).to eq([2, 8])
    methods = Object.new.extend(Kino::Config::Dsl)
    own = (methods.methods + methods.private_methods) - (Object.new.methods + Object.new.private_methods)
    expect(own).to match_array(Kino::Config::Directives::NAMES)
  end

  it "has its own __FILE__, __dir__ and require_relative" do
    Dir.mkdir("config")
    File.write("config/more.rb", "MORE = 3")
    File.write("config/kino.rb", "require_relative 'more'\nenvironment __dir__\nbatch MORE\nrackup __FILE__")
    given = described_class.read("config/kino.rb")
    expect(given.transform_values(&:value))
      .to eq(environment: "#{Dir.pwd}/config", batch: 3, rackup: "#{Dir.pwd}/config/kino.rb")
    expect(given[:batch].source).to eq("config/kino.rb:3")
  end

  it "may begin with a byte order mark" do
    expect(values("\uFEFFbatch 2")).to eq(batch: 2)
  end

  it "uses the second of two values, and records its line" do
    expect(read("batch 2\nbatch 3")[:batch]).to have_attributes(value: 3, source: "kino.rb:2")
  end

  it "records the line within a method that sets a directive" do
    expect(read("def all(n)\n  batch n\nend\nall 2")[:batch].source).to eq("kino.rb:2")
  end

  describe "hooks" do
    it "are blocks, or objects with a method call" do
      File.write("hook.rb", "")
      expect(values("after_boot { :up }")[:after_boot].call).to eq(:up)
      expect(values("after_boot -> { :up }")[:after_boot].call).to eq(:up)
    end

    it "may call methods that the file defines" do
      block = values("def say(n) = n * 2\nafter_worker_boot { |index| say(index) }")[:after_worker_boot]
      expect(block.call(2)).to eq(4)
    end

    it "are made shareable if they run in a worker and allow it" do
      %w[on_error after_worker_boot after_request].each do |name|
        expect(Ractor.shareable?(values("#{name} { |*given| given }")[name.to_sym])).to be(true)
      end
    end

    it "stay unchanged if they cannot be shared, or need not be" do
      block = values("seen = []\nafter_request { |_, status| seen << status }")[:after_request]
      expect(Ractor.shareable?(block)).to be(false)
      block.call({}, 1)
      expect(block.call({}, 2)).to eq([1, 2])
      expect(Ractor.shareable?(values("after_boot { :up }")[:after_boot])).to be(false)
    end

    it "see later values of a variable if they cannot be shared" do
      block = values("count = 0\nafter_request { count += 1 }")[:after_request]
      expect([block.call, block.call]).to eq([1, 2])
    end

    it "raise an error if set twice, because one would be lost" do
      expect_error("after_boot { 1 }\nafter_boot { 2 }",
                   /\Akino\.rb:2: after_boot is set a second time, .*kino\.rb:1\)/)
    end

    it "raise a NameError when they run, not a ConfigError" do
      hook = values("after_boot { wokers }")[:after_boot]
      expect { hook.call }.to raise_error(NameError, /wokers/)
    end
  end

  describe "errors" do
    it "name the line and the nearest directive" do
      expect_error("\nwokers 4", "kino.rb:2: unknown directive: wokers (did you mean workers?)")
      expect_error("zzzzzzzz", "kino.rb:1: unknown directive: zzzzzzzz")
    end

    it "say what a directive accepts" do
      expect_error("workers", "kino.rb:1: workers takes one value, such as: workers :auto")
      expect_error("batch 1, 2", "kino.rb:1: batch takes one value, such as: batch 1")
      expect_error("workers { 1 }", "kino.rb:1: workers takes one value, such as: workers :auto")
      expect_error("workers(1) { 1 }", "kino.rb:1: workers takes one value, such as: workers :auto")
      expect_error("after_boot", /\Akino\.rb:1: after_boot takes a block, or one value with a method call/)
      expect_error("after_boot(1) { 2 }", /\Akino\.rb:1: after_boot takes a block, or one value/)
    end

    it "name the line of an invalid value" do
      given = read("batch 2\nworkers 0")
      expect { Kino::Config::Settings.from_layers(given) }
        .to raise_error(Kino::ConfigError, /\Aworkers must be .*, got 0 \(from kino\.rb:2\)\z/)
    end

    it "name the line of an exception in the file" do
      expect_error("batch 2\nInteger('x')", /\Akino\.rb:2: invalid value for Integer\(\): "x" \(ArgumentError\)\z/)
      expect_error("require 'no/such/file'", /\Akino\.rb:1: cannot load such file.*\(LoadError\)\z/)
    end

    it "name the line of a call that would end the command" do
      expect_error("batch 2\nexit", "kino.rb:2: a file of settings may not end the program: exit (SystemExit)")
      expect_error("\nabort ''", "kino.rb:2: a file of settings may not end the program: SystemExit (SystemExit)")
      expect_error("throw :out", "kino.rb:1: uncaught throw :out (UncaughtThrowError)")
      expect_error("def deep = deep\ndeep", /\Akino\.rb:1: stack level too deep \(SystemStackError\)\z/)
      expect_error("raise Class.new(Exception), 'no'", /\Akino\.rb:1: no \(/)
    end

    it "do not cover signals" do
      expect { read("raise Interrupt") }.to raise_error(Interrupt)
      expect { read("raise SignalException, 'TERM'") }.to raise_error(SignalException)
    end

    it "name the line of a syntax error" do
      expect_error("batch 2\nworkers (\n", /\Akino\.rb:\d: syntax error, \S/)
    end

    it "say that the file is missing or cannot be read" do
      expect { described_class.read("none.rb") }
        .to raise_error(Kino::ConfigError, "no such configuration file: none.rb")
      Dir.mkdir("folder")
      expect { described_class.read("folder") }.to raise_error(Kino::ConfigError, "not a file: folder")
    end

    it "reject invalid bytes" do
      expect_error("environment \"\xff\"\n", /kino\.rb:?1?: /)
    end
  end
end
