<?php
// Written by `hookglass export --with php`. Run with `{{command}}` (PHPUnit 9 or later).

declare(strict_types=1);

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/Fixtures.php';

final class FixturesTest extends TestCase
{
    /** @return array<string, array{array<string, mixed>}> */
    public static function fixtures(): array
    {
        return Fixtures::all();
    }

    /** @dataProvider fixtures */
    #[DataProvider('fixtures')]
    public function testIsWholeAndHasTheSignatureThatItSays(array $fixture): void
    {
        $body = Fixtures::body($fixture);
        $length = Fixtures::header($fixture, 'content-length');
        self::assertSame($length === null ? strlen($body) : (int) $length, strlen($body));
        $key = $fixture['signature']['test_key'];
        if (in_array($fixture['provider'], Fixtures::PLAIN, true) && $key !== null) {
            $due = hash_hmac('sha256', $body, $key);
            $sent = Fixtures::header($fixture, $fixture['signature']['headers'][0]) ?? '';
            $signed = hash_equals($due, substr($sent, -strlen($due)));
            self::assertSame($fixture['signature']['verdict'] === 'verified', $signed);
        }
    }
}
