# frozen_string_literal: true

require "kino/check"
require "kino/config/mode"

# What somebody did to make the check fail, hang or lie.
RSpec.describe Kino::Check do
  def app(source) = Module.new { module_eval(source) }

  def boot(app) = Kino::Config::Mode.resolve(:auto, app)

  describe "a name that Ruby refuses" do
    ['const_get("en")', "const_get(:foo)", 'const_get("::X")', 'const_get("")', 'send("\xFF")',
     'respond_to?("caf\xE9")'].each do |code|
      it "does not stop a boot, nor a report: #{code}" do
        odd = app("def self.call(_env) = [200, {}, [#{code}.to_s]]")
        mode = nil
        expect { mode = boot(odd) }.not_to output.to_stderr
        expect(mode).to eq([:ractor, nil])
        expect(described_class.report(odd).findings.map(&:cause)).not_to include(:breakdown)
      end
    end
  end

  describe "a mistake of the check's own" do
    let(:plain) { app("def self.call(_env) = [200, {}, []]") }

    [StandardError, NotImplementedError, SystemStackError].each do |error|
      it "does not stop a boot, and is told of: #{error}" do
        allow(Kino::Check::Code).to receive(:new).and_raise(error, "dropped\nit")
        mode = nil
        expect { mode = boot(plain) }.to output(/\Akino: warning: .*#{error}: dropped \| it.* report .*\n\z/).to_stderr
        expect(mode).to eq([:ractor, nil])
      end
    end

    it "is a finding in the report, which keeps the others" do
      allow(Kino::Check::Code).to receive(:new).and_raise("dropped it")
      report = described_class.report(Struct.new(:text) { def call(_env) = [200, {}, [text]] }.new("hi"))
      expect(report.findings.to_h { [it.cause, it.what] })
        .to match(unfrozen: /not frozen/, breakdown: /the check itself failed: RuntimeError: dropped it at .*:\d+/)
      expect(report.to_s).to include("report it")
    end
  end
end
