# frozen_string_literal: true

require "kino/check/code"
require "kino/check/report"
require "logger"
require "support/check_source"

# What constants and instance variables of classes hold, and what is said to do about it.
RSpec.describe Kino::Check::State do
  include CheckSource

  def finding(body, around)
    found("module App\n#{around}\ndef self.call(env)\n#{body}\n[200, {}, []]\nend\nend").first
  end

  def steps(finding) = Kino::Check::Report.new(app: "App", findings: [finding]).steps.first

  it "is not to be frozen where something in it can never be shared" do
    [["LOG.info(1)", "LOG = Logger.new($stderr)"], ["@log.info(1)", "@log = Logger.new($stderr)"],
     ["LOCK.lock", "LOCK = Mutex.new"], ["FILE.path", "FILE = File.new(IO::NULL)"],
     ["const_get(env[\"a\"])", "LOCKS = [Mutex.new]"]].each do |body, around|
      one = finding(body, around)
      expect(one).to have_attributes(cause: :unshareable, what: / holds an? (Logger|Thread::Mutex|File|Array)\z/,
                                     fix: /make one for each Ractor where it is used: Ractor\.store_if_absent/)
      expect([one.fix, steps(one)]).to all(match(/\A(?!.*(make_shareable|froze|freeze)).*store_if_absent/))
    end
  end

  it "is to be kept for each Ractor where a request changes it, wherever it is met" do
    [["CACHE[env] ||= 1", "CACHE = {}"], ["@cache[env] = 1", "@cache = {}"], ["CACHE << 1", "CACHE = []"],
     ["CACHE.size\nfill", "CACHE = []\ndef self.fill = add(CACHE)\ndef self.add(to) = to.push(1)"]].each do |body, rest|
      expect(finding(body, rest).fix)
        .to match(/\Ait is changed while a request runs: keep one .*store_if_absent\(:cache\) { (\{\}|\[\]) }\z/), body
    end
  end

  it "is to be frozen where that helps" do
    expect(finding("LIST.first", "LIST = [[1]]"))
      .to have_attributes(cause: :constant, fix: /\Amake it deeply frozen: .*Ractor\.store_if_absent\(:list\) /)
  end
end
