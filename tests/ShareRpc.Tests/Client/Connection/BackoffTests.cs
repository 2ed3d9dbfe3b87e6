using ShareRpc.Client.Connection;

namespace ShareRpc.Tests.Client.Connection;

public class BackoffTests
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(15);

    [Fact]
    public void A_wait_is_anything_up_to_a_ceiling_that_doubles_every_second_time_up_to_the_cap()
    {
        for (int round = 0; round < 200; round++)
        {
            var backoff = new Backoff(First, Cap);
            for (int failure = 0; failure < 40; failure++)
            {
                double ceiling = Math.Min(Cap.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, failure / 2));
                Assert.InRange(backoff.Next().TotalMilliseconds, 1, ceiling);
            }
        }
    }

    [Fact]
    public void What_the_server_asks_to_wait_is_waited_at_least()
    {
        var backoff = new Backoff(First, Cap);
        for (int failure = 0; failure < 40; failure++)
            Assert.True(backoff.Next(TimeSpan.FromSeconds(20)) >= TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_reset_starts_over()
    {
        var backoff = new Backoff(First, Cap);
        for (int failure = 0; failure < 20; failure++) backoff.Next();
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalMilliseconds, 1, 100);
    }

    [Fact]
    public void Waits_differ_so_that_a_crowd_does_not_come_back_at_once()
    {
        var backoff = new Backoff(Cap, Cap);
        Assert.True(Enumerable.Range(0, 50).Select(_ => backoff.Next()).Distinct().Count() > 25);
    }
}
