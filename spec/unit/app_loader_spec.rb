# frozen_string_literal: true

require "tmpdir"
require "kino/app_loader"

RSpec.describe Kino::AppLoader do
  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  def load(source, path: "config.ru")
    File.write(path, source)
    described_class.load(path)
  end

  def failure(...)
    load(...)
  rescue Kino::AppLoadError => e
    e
  end

  it "returns the file's app" do
    expect(load("run ->(_env) { :answer }").call({})).to eq(:answer)
  end

  it "returns a module unwrapped, so that it can be shared" do
    app = load("module AppLoaderSpecApp; def self.call(_env) = nil; end\nrun AppLoaderSpecApp")
    expect(Ractor.shareable?(app)).to be(true)
  end

  it "names the line that raised, and keeps the cause" do
    error = failure("def fail_here\n  raise ArgumentError, \"bad\\nvery bad\"\nend\nfail_here\n")
    expect(error.message).to eq("config.ru:2: bad (ArgumentError)")
    expect(error.cause).to be_an(ArgumentError)
  end

  it "names the line in the app's own file that raised" do
    File.write("helper.rb", "\nnil.upcase\n")
    expect(failure("load './helper.rb'").message).to match(/\Ahelper\.rb:2: .*upcase.* \(NoMethodError\)\z/)
  end

  it "names the line of a require that fails" do
    expect(failure("\n\nrequire \"kino_spec_nonsense\"\n").message)
      .to eq("config.ru:3: cannot load such file -- kino_spec_nonsense (LoadError)")
  end

  it "does not blame Kino, whose files may stand below the app's" do
    missing = File.expand_path("../../missing.ru", __dir__)
    File.write(missing, "use Object\n")
    expect { described_class.load(missing) }.to raise_error(Kino::AppLoadError, /missing\.ru: missing run or map/)
  ensure
    File.delete(missing)
  end

  it "has loaded Rack's middleware" do
    expect(load("use Rack::CommonLogger\nrun ->(_env) { [200, {}, []] }\n")).to be_a(Rack::CommonLogger)
  end

  it "raises if the file calls exit" do
    expect(failure("\nexit\n").message).to eq("config.ru:2: it ends the process (exit 0) before it gives an app")
    expect(failure("exit 3\n").message).to eq("config.ru:1: it ends the process (exit 3) before it gives an app")
  end

  it "reports an exception that is no StandardError in one line" do
    expect(failure("raise Class.new(Exception), 'no'\n").message).to match(/\Aconfig\.ru:1: no \(#<Class:0x\h+>\)\z/)
    expect(failure("load __FILE__\n").message).to match(/\Aconfig\.ru:?1?: stack level too deep \(SystemStackError\)\z/)
  end

  it "does not rescue signals" do
    expect { load("raise Interrupt\n") }.to raise_error(Interrupt)
    expect { load("raise SignalException, 'TERM'\n") }.to raise_error(SignalException)
  end

  it "reports a syntax error in one line" do
    expect(failure("run ->(env) {\n").message).to match(/\Aconfig\.ru:\d+: syntax error, \S[^\n|^]*\z/)
  end

  it "locates a syntax error in a file that the app loads" do
    File.write("helper.rb", "foo(\nend\n")
    expect(failure("load './helper.rb'").message).to match(/\Ahelper\.rb:\d+: syntax error, [^\n]+\z/)
  end

  it "says that run is missing" do
    expect(failure("use Object\n").message).to eq("config.ru: missing run or map statement (RuntimeError)")
  end

  it "says that the app cannot be called" do
    expect(failure("run 5\n").message).to eq("config.ru: 5 is not a Rack app, because it has no call method")
  end

  it "says that the file is missing, or a directory" do
    expect { described_class.load("none.ru") }.to raise_error(Kino::AppLoadError, "no such rackup file: none.ru")
    expect { described_class.load(".") }.to raise_error(Kino::AppLoadError, "not a file: .")
  end
end
