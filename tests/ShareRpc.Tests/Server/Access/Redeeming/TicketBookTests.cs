using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Access.Redeeming;

public sealed class TicketBookTests
{
    private readonly ManualTimeProvider clock = new();
    private readonly ServerLimits limits = new() { Tickets = 3, TicketLife = TimeSpan.FromHours(24) };

    [Fact]
    public void A_ticket_works_once()
    {
        var book = new TicketBook(limits, clock);
        string ticket = book.Issue(7, 2, null);
        Assert.Equal(new TicketBook.Entry(7, 2, clock.GetUtcNow() + limits.TicketLife), book.Take(ticket));
        Assert.Null(book.Take(ticket));
    }

    [Fact]
    public void A_renewed_ticket_keeps_the_end_of_the_first()
    {
        var book = new TicketBook(limits, clock);
        DateTimeOffset end = clock.GetUtcNow() + limits.TicketLife;
        TicketBook.Entry first = book.Take(book.Issue(7, 1, null))!;
        clock.Advance(TimeSpan.FromHours(23));
        string renewed = book.Issue(7, 1, first.End);
        clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        TicketBook.Entry second = book.Take(renewed)!;
        Assert.Equal(end, second.End);

        string last = book.Issue(7, 1, second.End);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.Null(book.Take(last));
    }

    [Fact]
    public void As_many_tickets_are_held_as_the_limit_says_and_the_oldest_goes_first()
    {
        var book = new TicketBook(limits, clock);
        string[] tickets = [.. Enumerable.Range(0, 4).Select(i => book.Issue(i, 1, null))];
        Assert.Equal([false, true, true, true], tickets.Select(ticket => book.Take(ticket) is not null));
    }

    [Fact]
    public void A_ticket_that_was_used_takes_nobodys_place()
    {
        var book = new TicketBook(limits, clock);
        string kept = book.Issue(1, 1, null);
        for (int i = 0; i < 10; i++) Assert.NotNull(book.Take(book.Issue(2, 1, null)));
        Assert.NotNull(book.Take(kept));
    }

    [Fact]
    public void An_unknown_ticket_or_anything_else_is_no_ticket()
    {
        var book = new TicketBook(limits, clock);
        string ticket = book.Issue(1, 1, null);
        Assert.Null(book.Take(ResumeTicket.New()));
        Assert.Null(book.Take(""));
        Assert.Null(book.Take(ticket[..^1]));
        Assert.NotNull(book.Take(ticket));
    }
}
